"""Whether what must always be true is true: each invariant as last looked at, what is wrong, and the repair."""

from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from concert_site.admin.levels import BAD, GOOD, WATCH
from concert_site.admin.live import live_paths
from concert_site.admin.repairs import ADVICE, Example
from concert_site.invariants import LETTERS, Letter
from concert_site.models import Finding, Reconciliation

EVERY, WHILE_LOOKING = 15, 2  # seconds between two looks of a page that is being watched
ROUNDS = 8


def paths(site):
    """The pages, for the site map of the console."""
    live = partial(live_paths, site, template="reconciliation")
    return [
        *live("reconciliation/", name="reconciliation", context_of=state_of_all),
        *live("reconciliation/<uuid:pk>/", name="reconciliation_round", context_of=one_round),
        path("reconciliation/ask/", site.admin_view(require_POST(ask)), name="reconciliation_ask"),
    ]


@dataclass(frozen=True, kw_only=True)
class Row:
    """An invariant. last: the last look that is over. current: the one that waits or is under way. user: who reads."""

    user: object
    letter: Letter
    last: Finding | None
    current: Finding | None

    @property
    def level(self):
        return {True: GOOD, False: BAD, None: WATCH}[self.last and self.last.holds]

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
        return [Example.of(suspect, letter=self.letter.letter, user=self.user) for suspect in self.last.suspects]

    @property
    def more(self) -> int:
        return self.last.violations - len(self.last.examples)

    @property
    def advice(self):
        return ADVICE[self.letter.letter]


# What is told


def state_of_all(request):
    last = {each.letter: each for each in Finding.objects.last_looks()}
    current = {each.letter: each for each in Finding.objects.under_way().order_by("-id")}
    rounds = Reconciliation.objects.prefetch_related("findings")[:ROUNDS]
    return _shown(request, LETTERS, last, current) | {"rounds": rounds, "title": _("Reconciliation")}


def one_round(request, pk):
    asked = get_object_or_404(Reconciliation, pk=pk)
    findings = {each.letter: each for each in asked.findings.all()}
    over = {letter: each for letter, each in findings.items() if each.state == Finding.State.DONE}
    current = {letter: each for letter, each in findings.items() if letter not in over}
    title = _("Reconciliation of %(at)s") % {"at": f"{asked.asked_at:%Y-%m-%d %H:%M}"}
    letters = [each for each in LETTERS if each in findings]
    return _shown(request, letters, over, current) | {"round": asked, "title": title}


def _shown(request, letters, last, current):
    if not request.user.has_perm("concert_site.view_reconciliation"):
        raise PermissionDenied
    rows = [
        Row(user=request.user, letter=LETTERS[each], last=last.get(each), current=current.get(each)) for each in letters
    ]
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


# What is asked for


def ask(request):
    """A look at one, or at all."""
    if not request.user.has_perm("concert_site.add_reconciliation"):
        raise PermissionDenied
    letter = request.POST.get("letter")
    if letter and letter not in LETTERS:
        raise PermissionDenied
    asked = Reconciliation.ask_by_hand(by=request.user.get_username(), letters=[letter] if letter else None)
    messages.success(request, _("Asked for: the worker looks at it now."))
    return redirect("admin:reconciliation_round", asked.pk)
