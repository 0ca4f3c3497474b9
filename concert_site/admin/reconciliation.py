"""Whether what must always be true is true: each invariant as last looked at, what is wrong, and the repair."""

from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.timezone import now
from django.utils.translation import gettext as _

from concert_site.admin.repairs import ADVICE, Example
from concert_site.invariants import LETTERS, Letter
from concert_site.models import Finding, Reconciliation

GOOD, WATCH, BAD = "good", "watch", "bad"
EVERY, WHILE_LOOKING = 15, 2  # seconds between two looks of a page that is being watched
ROUNDS = 8


def paths(site):
    """The pages, for the site map of the console."""

    def page(route, view, name):
        return path(f"reconciliation/{route}", site.admin_view(partial(view, site)), name=name)

    return [
        page("", today, "reconciliation"),
        page("parts/", today_parts, "reconciliation_parts"),
        page("<uuid:pk>/", one_round, "reconciliation_round"),
        page("<uuid:pk>/parts/", one_round_parts, "reconciliation_round_parts"),
    ]


@dataclass(frozen=True, kw_only=True)
class Row:
    """An invariant. last: the last look that is over. current: the one that waits or is under way."""

    letter: Letter
    last: Finding | None
    current: Finding | None

    @property
    def level(self):
        if self.last is None:
            return WATCH
        return BAD if self.last.violations else WATCH if self.last.unchecked else GOOD

    @property
    def in_short(self):
        if self.last is None:
            return _("Not looked at yet")
        if self.last.violations:
            return _("%(n)d wrong") % {"n": self.last.violations}
        return _("Not all could be looked at") if self.last.unchecked else _("Holds")

    @property
    def promise(self):
        return _(self.letter.promise)

    @property
    def minutes(self) -> int:
        """How often the timetable looks."""
        return round(self.letter.every.total_seconds() / 60)

    @property
    def looking_for(self) -> int | None:
        """Seconds since its look began, if one has."""
        started = self.current and self.current.started_at
        return round((now() - started).total_seconds()) if started else None

    @property
    def examples(self):
        return [Example.of(suspect, letter=self.letter.letter) for suspect in self.last.suspects]

    @property
    def more(self) -> int:
        return self.last.violations - len(self.last.examples)

    @property
    def advice(self):
        return ADVICE[self.letter.letter]


# The state of all


def today(site, request):
    if request.method == "POST":
        return _ask(request)
    context = _state(request) | {"title": _("Reconciliation")}
    return TemplateResponse(request, "admin/reconciliation.html", site.each_context(request) | context)


def today_parts(site, request):
    return TemplateResponse(request, "admin/reconciliation_parts.html", _state(request))


def _ask(request):
    if not request.user.has_perm("concert_site.add_reconciliation"):
        raise PermissionDenied
    letter = request.POST.get("letter")
    if letter and letter not in LETTERS:
        raise PermissionDenied
    asked = Reconciliation.ask(by=request.user.get_username(), letters=[letter] if letter else None)
    messages.success(request, _("Asked for: the worker looks at it now."))
    return redirect("admin:reconciliation_round", asked.pk)


def _state(request):
    _require_permission(request)
    last = {each.letter: each for each in Finding.objects.last_looks()}
    current = {each.letter: each for each in Finding.objects.under_way().order_by("-id")}
    rounds = Reconciliation.objects.prefetch_related("findings")[:ROUNDS]
    return _shown(request, LETTERS, last, current) | {"rounds": rounds}


# One round


def one_round(site, request, pk):
    asked, context = _one_round(request, pk)
    title = _("Reconciliation of %(at)s") % {"at": f"{asked.asked_at:%Y-%m-%d %H:%M}"}
    return TemplateResponse(
        request, "admin/reconciliation.html", site.each_context(request) | context | {"title": title}
    )


def one_round_parts(site, request, pk):
    return TemplateResponse(request, "admin/reconciliation_parts.html", _one_round(request, pk)[1])


def _one_round(request, pk):
    _require_permission(request)
    asked = get_object_or_404(Reconciliation, pk=pk)
    findings = {each.letter: each for each in asked.findings.all()}
    over = {letter: each for letter, each in findings.items() if each.state == Finding.State.DONE}
    current = {letter: each for letter, each in findings.items() if letter not in over}
    return asked, _shown(request, [each for each in LETTERS if each in findings], over, current) | {"round": asked}


# Both


def _shown(request, letters, last, current):
    rows = [Row(letter=LETTERS[each], last=last.get(each), current=current.get(each)) for each in letters]
    looking = any(row.current for row in rows)
    return {
        "rows": rows,
        "looking": looking,
        "every": WHILE_LOOKING if looking else EVERY,
        "over": sum(not row.current for row in rows),
        "broken": [row.letter.letter for row in rows if row.level == BAD],
        "unseen": [row.letter.letter for row in rows if row.level == WATCH],
        "may": request.user.has_perm("concert_site.add_reconciliation"),
    }


def _require_permission(request):
    if not request.user.has_perm("concert_site.view_reconciliation"):
        raise PermissionDenied
