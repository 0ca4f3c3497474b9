"""The pages of a noun's handles: what will happen, why, what happened; for one noun and for several."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events import approvals
from events.admin.levers import DENIED, LEVELS, DryRun, Lever, LeverForm, WithLevers, who
from events.admin.windows import address_of, as_uuid
from events.aggregate import Refused, revisions


class WithHandles(WithLevers):
    """For admins of nouns with handles. Several nouns at once: post their ids as `_selected_action`."""

    handles = {}

    @property
    def labels(self):
        return {verb: handle.label for verb, handle in self.handles.items()}

    def lever_paths(self):
        view, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        for verb in self.labels:
            yield path(f"<uuid:object_id>/{verb}/", view(self.pull), {"verb": verb}, name=f"{name}_{verb}")
            yield path(f"{verb}/", view(self.pull_several), {"verb": verb}, name=f"{name}_{verb}_several")

    def address_of_several(self, verb):
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{verb}_several")

    def levers_of(self, request, noun):
        return [self.lever(request, noun, verb, why_not=handle.why_not(noun)) for verb, handle in self.handles.items()]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        noun = self.get_object(request, object_id)
        notes = noun.actions().filter(action__endswith=".note") if noun else []
        return super().change_view(request, object_id, form_url, {"notes": notes} | (extra_context or {}))

    def facts_of(self, noun) -> list:
        """(term, words) that help to decide."""
        return []

    # One

    def pull(self, request, object_id, verb):
        self.require(request, verb)
        noun, handle = self.get_object(request, object_id), self.handles[verb]
        if noun is None:
            raise Http404
        form = LeverForm.of(request, noun, version=noun.revision)
        if form.is_valid():
            return self._pull(request, handle, noun, form)
        if why_not := handle.why_not(noun):
            self.message_user(request, why_not, messages.WARNING)
            return redirect(self.page_of(noun))
        return self.ask(request, form, self._dry_run(handle, noun))

    def _pull(self, request, handle, noun, form):
        seen = form.version_of(noun)
        why = {"reason": form.cleaned_data["reason"], **who(request)}
        if self._why_second(handle, [noun]):
            return self._ask_second(request, handle, [noun], seen={str(noun.pk): seen}, why=why)
        result = handle.pull(noun, seen=seen, **why)
        self.message_user(request, result.words, LEVELS[result.outcome])
        if result.outcome == "skipped" and not handle.why_not(noun):
            again = {"seen": {str(noun.pk): noun.revision}, "reason": why["reason"]}
            return self.ask(request, LeverForm(initial=again), self._dry_run(handle, noun))
        return redirect(self.page_of(noun))

    def _dry_run(self, handle, noun):
        facts = [
            (_("What will happen"), handle.will(noun)),
            *self.facts_of(noun),
            (_("State now"), f"{noun.get_status_display()}, version {noun.version}"),
        ]
        return self._told(handle, [noun], facts=facts, back=self.page_of(noun))

    # Several

    def levers_of_several(self, request) -> list[Lever]:
        """For another list of these nouns: forms post the ids to their addresses."""
        return [
            Lever(
                label=handle.label, address=self.address_of_several(verb),
                why_not="" if self.may(request, verb) else DENIED,
            )
            for verb, handle in self.handles.items()
        ]  # fmt: skip

    def get_actions(self, request):
        """For the list: each lever that this operator may pull."""
        several = {}
        for verb, handle in self.handles.items():
            if self.may(request, verb):
                words = gettext("%(lever)s: the selected") % {"lever": handle.label}
                several[verb] = (self._selected(verb), verb, words)
        return super().get_actions(request) | several

    def _selected(self, verb):
        return lambda model_admin, request, queryset: self._ask_for_several(request, verb, queryset)

    def pull_several(self, request, verb):
        """Those that were seen and no others, each for itself."""
        self.require(request, verb)
        if request.method != "POST":
            return redirect(self._list())
        if "seen" not in request.POST:
            return self._ask_for_several(request, verb, self._these(request.POST.getlist("_selected_action")))
        form, handle = LeverForm(request.POST), self.handles[verb]
        valid, seen = form.is_valid(), form.cleaned_data.get("seen", {})
        nouns = list(self._these(seen))
        if not valid:
            return self.ask(request, form, self._dry_run_of_several(handle, nouns))
        why = {"reason": form.cleaned_data["reason"], **who(request)}
        if self._why_second(handle, nouns):
            return self._ask_second(request, handle, nouns, seen=seen, why=why)
        return self.tell(request, handle.pull_each(seen, **why), title=handle.label)

    def _these(self, ids):
        return self.model._base_manager.filter(pk__in=[id for id in ids if as_uuid(id)]).order_by("pk")

    def _ask_for_several(self, request, verb, queryset):
        """What is frozen here is what it will be about, whatever comes in between."""
        handle, nouns = self.handles[verb], self.at_once(request, queryset.order_by("pk"))
        able = [noun for noun in nouns if not handle.why_not(noun)]
        if not able:
            self.message_user(request, _("It can be done to none of them."), messages.WARNING)
            return redirect(self._list())
        form = LeverForm(initial={"seen": revisions(able)})
        return self.ask(request, form, self._dry_run_of_several(handle, able, left_out=len(nouns) - len(able)))

    def _dry_run_of_several(self, handle, nouns, *, left_out=0):
        facts = [(_("How many"), len(nouns))]
        if points := sum(handle.points(noun) for noun in nouns):
            facts.append((_("Points"), f"{points:,} P"))
        if left_out:
            facts.append((_("Left out"), gettext("%d, to which it can't be done") % left_out))
        items = [f"{noun}, version {noun.version}: {handle.will(noun)}" for noun in nouns if not handle.why_not(noun)]
        address = self.address_of_several(handle.verb)
        return self._told(handle, nouns, facts=facts, back=self._list(), items=items, action=address)

    def _list(self):
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    # Two persons

    def _why_second(self, handle, nouns):
        return approvals.why_second_person(count=len(nouns), points=sum(handle.points(noun) for noun in nouns))

    def _told(self, handle, nouns, *, facts, **words):
        button = handle.label
        if why := self._why_second(handle, nouns):
            facts, button = [*facts, (_("Second person"), why)], _("Ask a second person")
        return DryRun(title=handle.label, button=button, facts=facts, **words)

    def _ask_second(self, request, handle, nouns, *, seen, why):
        seen = {str(noun.pk): seen[str(noun.pk)] for noun in nouns}
        try:
            approval = approvals.ask(handle, nouns, seen=seen, **why)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
            return redirect(self.page_of(nouns[0]) if len(nouns) == 1 else self._list())
        self.message_user(request, _("Asked for. Nothing happens until somebody else approves it."), messages.SUCCESS)
        return redirect(address_of("events.Approval", approval.pk))
