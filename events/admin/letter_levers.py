"""What operators do with one letter, with several, and with a group of them."""

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from events.admin.domains import domain_of
from events.admin.letter_editing import EditForm, difference
from events.admin.letters import asked_group, letters_of, most_at_once
from events.admin.levers import LEVELS, DryRun, LeverForm, WithLevers, who
from events.admin.windows import address_of, counted
from events.consumers import consumer
from events.handles import Result, outcome_of
from events.models import Delivery, LaneCursor
from events.models.letter_groups import MOST

State = Delivery.State

TITLES = {
    "retry": _("Retry a delivery"),
    "edit": _("Edit a message and send it"),
    "discard": _("Discard a delivery"),
    "replay": _("Replay a lane"),
}
BUTTONS = {"retry": _("Retry"), "edit": _("Edit"), "discard": _("Discard"), "replay": _("Replay its lane from here")}
WILL = {
    "retry": _("It is tried again from its first attempt. What waits behind it goes on after it."),
    "edit": _("It is given up for a new message that says what is shown below, in its place in the lane."),
    "discard": _("It is given up for good: this event will have no effect there. What waits behind it goes on."),
}
DONE = {
    "retry": _("on its way again."),
    "edit": _("sent again, changed."),
    "discard": _("given up; its lane goes on without it."),
    "replay": _("its lane is on its way again from here."),
}
ONLY_OPEN = _("Only a dead delivery can be sent again or given up.")
ONLY_DONE = _("Only from one that is done. One that is dead is retried.")
EDITING_IS_OFF = _("Changing messages is switched off here (EDIT_DEAD_LETTERS).")


class LetterLevers(WithLevers):
    """For the admin of deliveries."""

    labels = BUTTONS
    actions = ["retry_selected"]

    def levers_of(self, request, delivery):
        return [self.lever(request, delivery, verb, why_not=why_not(verb, delivery)) for verb in self.labels]

    # One

    def retry(self, request, object_id):
        return self._pull(request, object_id, "retry")

    def discard(self, request, object_id):
        return self._pull(request, object_id, "discard")

    def replay(self, request, object_id):
        return self._pull(request, object_id, "replay")

    def edit(self, request, object_id):
        """What it is to say is asked first."""
        delivery = self._delivery(request, object_id, "edit")
        if not settings.EDIT_DEAD_LETTERS:
            return self._is_off(request, delivery)
        form = EditForm(request.POST or None, delivery=delivery)
        if not form.is_valid() and (form.is_bound or delivery.state in Delivery.OPEN):
            return self._ask_what(request, delivery, form)
        return self._pull(request, object_id, "edit", settings=form)

    def _is_off(self, request, delivery):
        if request.method == "POST":
            raise PermissionDenied
        self.message_user(request, EDITING_IS_OFF, messages.WARNING)
        return redirect(self.page_of(delivery))

    def _ask_what(self, request, delivery, form):
        context = self.admin_site.each_context(request)
        dry_run = DryRun(
            title=TITLES["edit"], button=_("See what will change"), back=self.page_of(delivery), facts=_facts(delivery)
        )
        text = _("The old message stays in the ledger. Nothing is sent before you have seen the difference.")
        context |= {"title": dry_run.title, "opts": self.opts, "settings": form, "dry_run": dry_run, "text": text}
        return TemplateResponse(request, "admin/lever_settings.html", context)

    def _delivery(self, request, object_id, verb):
        self.require(request, verb)
        delivery = self.get_object(request, object_id)
        if delivery is None:
            raise Http404
        return delivery

    def _pull(self, request, object_id, verb, settings=None):
        delivery = self._delivery(request, object_id, verb)
        form = _lever_form(request, delivery)
        if not form.is_bound and (words := why_not(verb, delivery)):
            self.message_user(request, words, messages.WARNING)
            return redirect(self.page_of(delivery))
        if not (form.is_bound and form.is_valid()):
            return self.ask(request, form, self._dry_run(delivery, verb, settings))
        result = self._do(request, delivery, verb, form, *([settings.message] if settings else []))
        self.message_user(request, f"{result.noun}: {result.words}", LEVELS[result.outcome])
        return redirect(self.page_of(delivery))

    def _dry_run(self, delivery, verb, settings):
        will = foretold(delivery) if verb == "replay" else WILL[verb]
        facts = [(_("What will happen"), will), *_facts(delivery)]
        facts.append((_("Waiting behind it"), counted(self.count_behind(delivery), MOST)))
        if settings:
            facts.append((_("What changes"), difference(delivery.event.data, settings.message)))
        button = _("Send it changed") if settings else BUTTONS[verb]
        return DryRun(title=TITLES[verb], button=button, facts=facts, back=self.page_of(delivery), settings=settings)

    def _do(self, request, delivery, verb, form, *changed) -> Result:
        """Pull the lever on the delivery as the operator saw it."""
        delivery.version = form.version_of(delivery)
        why = {"reason": form.cleaned_data["reason"], **who(request)}
        return outcome_of(getattr(Delivery, verb), delivery, *changed, did=lambda delivery: DONE[verb], **why)

    # Several

    def has_retry_permission(self, request):
        return self.may(request, "retry")

    @admin.action(description=_("Retry the selected dead deliveries"), permissions=["retry"])
    def retry_selected(self, request, queryset):
        dead = self.at_once(request, queryset.filter(state=State.DEAD).select_related("event"))
        if not dead:
            self.message_user(request, _("None of these is dead: there is nothing to retry."), messages.WARNING)
            return None
        return self._ask_for_many(request, "retry", LeverForm(initial=_frozen(dead)), dead)

    def pull_group(self, request, verb):
        """Freezes those that there are now, as many as are done at once, and asks."""
        self.require(request, verb)
        found = self.group_of(request)
        letters = list(letters_of(found).select_related("event")[: most_at_once(verb)]) if found else []
        if verb not in MANY or not letters:
            return redirect(reverse("admin:dead_letters"))
        return self._ask_for_many(request, verb, LeverForm(initial=_frozen(letters)), letters, group=found)

    def retry_many(self, request):
        return self._pull_many(request, "retry")

    def discard_many(self, request):
        return self._pull_many(request, "discard")

    def _pull_many(self, request, verb):
        """Do it to those that were seen, each for itself."""
        self.require(request, verb)
        if request.method != "POST":
            raise PermissionDenied
        form = LeverForm(request.POST)
        valid = form.is_valid()
        seen = form.cleaned_data.get("seen", {})
        if len(seen) > most_at_once(verb):  # no page of ours asks for that
            raise PermissionDenied
        rows = Delivery.objects.using(domain_of(request)).filter(pk__in=seen)
        deliveries = list(rows.select_related("event").order_by("failed_at", "id"))
        if not valid:
            return self._ask_for_many(request, verb, form, deliveries)
        results = [self._do(request, delivery, verb, form) for delivery in deliveries]
        return self.tell(
            request, results, title=MANY_TITLES[verb], missing=len(seen) - len(deliveries),
            dead_letters=reverse("admin:dead_letters"), **self._rest_of_group(request, verb),
        )  # fmt: skip

    def _ask_for_many(self, request, verb, form, deliveries, group=None):
        n, query = len(deliveries), {"domain": domain_of(request), **asked_group(request)}
        facts = [(_("What will happen"), MANY[verb](n)), (_("Domain"), query["domain"])]
        if group and group.count > n:
            words = gettext("%(n)d of %(all)s now, those that failed first. The rest is offered afterwards.")
            facts.insert(1, (_("Not all at once"), words % {"n": n, "all": counted(group.count, MOST)}))
        if group:
            facts.append((_("What they hold up"), self._held_up(group)))
        dry_run = DryRun(
            title=MANY_TITLES[verb], button=BUTTONS[verb], facts=facts,
            back=self.group_address(group) if group else reverse("admin:events_delivery_changelist"),
            items=[f"{each}, {each.aggregate_id} v{each.seq}, {each.fingerprint}" for each in deliveries],
            action=reverse(f"admin:events_delivery_{verb}_many", query=query),
        )  # fmt: skip
        return self.ask(request, form, dry_run)

    def _held_up(self, group):
        told = {name: counted(getattr(group, name), MOST) for name in ("lanes", "followers", "stories")}
        words = gettext("lanes: %(lanes)s, waiting behind: %(followers)s, reservations: %(stories)s, %(points)s P")
        return words % (told | {"points": f"{group.points:,}"})

    def _rest_of_group(self, request, verb) -> dict:
        rest = self.group_of(request) if len(asked_group(request)) == 3 else None
        address = rest and self.group_address(rest, "dead_letter_group_lever", verb)
        return {"rest": rest and counted(rest.count, MOST), "rest_address": address}

    def page_of_id(self, request, id):
        return address_of(self.opts.label, id, domain=domain_of(request))


def why_not(verb, delivery) -> str:
    """Why it can't be done to the delivery as it is; empty when it can."""
    if verb == "replay":
        return "" if delivery.state == State.DONE else ONLY_DONE
    if verb == "edit" and not settings.EDIT_DEAD_LETTERS:
        return EDITING_IS_OFF
    return "" if delivery.state in Delivery.OPEN else ONLY_OPEN


def foretold(delivery) -> str:
    """What a replay from there would do."""
    lane = Delivery.objects.using(delivery._state.db).lane_of(delivery)
    seqs = list(lane.filter(seq__gte=delivery.seq, state=State.DONE).values_list("seq", flat=True))
    words = ngettext("%(n)d message is sent once more.", "%(n)d messages are sent once more.", len(seqs))
    words %= {"n": len(seqs)}
    try:
        cursor = LaneCursor.seq_of(
            delivery.position, consumer=delivery.consumer, using=consumer(delivery.consumer).database
        )
    except LookupError:  # it is another deployment's, or nobody's
        return words + " " + gettext("What took effect there has no effect again: its inbox knows it.")
    again = gettext(
        "%(n)d of them took effect (the consumer is at v%(cursor)d) and have none again: its inbox knows them."
    )
    return words + " " + again % {"n": sum(seq <= cursor for seq in seqs), "cursor": cursor}


def _lever_form(request, delivery):
    sent = request.method == "POST" and "look" not in request.POST
    return LeverForm(request.POST) if sent else LeverForm(initial={"seen": {str(delivery.pk): delivery.version}})


def _facts(delivery):
    state = f"{delivery.get_state_display()}, {delivery.attempts} ×, version {delivery.version}"
    return [(_("Delivery"), delivery), (_("State now"), state), (_("Fault"), delivery.fingerprint or "–")]


def _frozen(deliveries):
    return {"seen": {str(each.pk): each.version for each in deliveries}}


def _retried(n):
    words = ngettext(
        "%(n)d dead delivery is tried again from its first attempt.",
        "%(n)d dead deliveries are tried again from their first attempt.",
        n,
    )
    return words % {"n": n}


def _given_up(n):
    return ngettext("%(n)d delivery is given up for good.", "%(n)d deliveries are given up for good.", n) % {"n": n}


MANY = {"retry": _retried, "discard": _given_up}
MANY_TITLES = {"retry": _("Retry deliveries"), "discard": _("Discard deliveries")}
