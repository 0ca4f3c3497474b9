from dataclasses import dataclass

import structlog
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from events.admin.domains import DomainAdmin, domain_of
from events.admin.levers import MOST_AT_ONCE, DryRun, LeverForm, WithLevers, who
from events.admin.windows import link, pretty
from events.consumers import consumers
from events.models import Delivery, OperatorAction
from events.models.delivery import AlreadyHandled

logger = structlog.get_logger(__name__)
State = Delivery.State


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one thing of several. outcome: ok, skipped, failed."""

    outcome: str
    words: str
    thing: str
    address: str


class ConsumerFilter(admin.SimpleListFilter):
    title, parameter_name = _("consumer"), "consumer"

    def lookups(self, request, model_admin):
        return [(each.name, each.name) for each in consumers()]

    def queryset(self, request, queryset):
        return queryset.filter(consumer=self.value()) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(WithLevers, DomainAdmin):
    verbs = ["retry", "discard"]
    list_display = ["__str__", "state", "attempts", "fault", "since"]
    list_filter = ["state", ConsumerFilter]
    list_select_related = ["event"]
    ordering = ["-id"]
    found_by = ["pk", "event_id", "aggregate_id", "correlation_id"]
    search_help_text = _("Whole id of a delivery, an event or a reservation; or the beginning of a fault.")
    actions = ["retry_selected"]
    fields = [
        "of_event", "consumer", "state", "attempts", "available_at", "done_at", "fault", "behind", "error", "message",
        "story", "version",
    ]  # fmt: skip

    # What the window shows

    def search_words(self, queryset, words):
        return queryset.filter(fingerprint__istartswith=words)

    @admin.display(description=_("since"))
    def since(self, delivery):
        return delivery.event.occurred_at

    @admin.display(description=_("fault"))
    def fault(self, delivery):
        return delivery.fingerprint or None

    @admin.display(description=_("event"))
    def of_event(self, delivery):
        return link("events.Event", delivery.event_id, delivery.event)

    @admin.display(description=_("correlation id"))
    def story(self, delivery):
        return link("reservations.Reservation", delivery.correlation_id)

    @admin.display(description=_("last error"))
    def error(self, delivery):
        return format_html('<pre class="console-json">{}</pre>', delivery.last_error) if delivery.last_error else None

    @admin.display(description=_("message"))
    def message(self, delivery):
        return pretty(delivery.event.data)

    @admin.display(description=_("waiting behind it"))
    def behind(self, delivery):
        rows = Delivery.objects.using(delivery._state.db)
        return rows.lane_of(delivery).filter(seq__gt=delivery.seq).unfinished().count()

    # Levers

    def get_urls(self):
        retry = path("retry/", self.admin_site.admin_view(self.retry_many), name="events_delivery_retry_many")
        return [retry, *super().get_urls()]

    def levers_of(self, request, delivery):
        why_not = "" if delivery.state == State.DEAD else ONLY_DEAD
        return [
            self.lever(request, delivery, "retry", label=_("Retry"), why_not=why_not),
            self.lever(request, delivery, "discard", label=_("Discard"), why_not=why_not),
        ]

    def retry(self, request, object_id):
        will = _("It is tried again from its first attempt. What waits behind it goes on after it.")
        return self._pull(request, object_id, "retry", will, title=_("Retry a delivery"), button=_("Retry"))

    def discard(self, request, object_id):
        will = _("It is given up for good: this event will have no effect there. What waits behind it goes on.")
        return self._pull(request, object_id, "discard", will, title=_("Discard a delivery"), button=_("Discard"))

    def _pull(self, request, object_id, verb, will, *, title, button):
        self.require(request, verb)
        delivery = self.get_object(request, object_id)
        if delivery is None:
            raise Http404
        if request.method != "POST" and delivery.state != State.DEAD:
            self.message_user(request, ONLY_DEAD, messages.WARNING)
            return redirect(self.page_of(delivery))
        form = LeverForm.of(request, delivery, version=delivery.version)
        if not (request.method == "POST" and form.is_valid()):
            return self.ask(request, form, self._dry_run(delivery, will, title=title, button=button))
        result = self._do(request, delivery, verb, form)
        level = {"ok": messages.SUCCESS, "skipped": messages.WARNING}.get(result.outcome, messages.ERROR)
        self.message_user(request, f"{result.thing}: {result.words}", level)
        return redirect(self.page_of(delivery))

    def _dry_run(self, delivery, will, **words):
        facts = [
            (_("What will happen"), will),
            (_("Delivery"), delivery),
            (_("State now"), f"{delivery.get_state_display()}, {delivery.attempts} ×, version {delivery.version}"),
            (_("Fault"), delivery.fingerprint or "–"),
            (_("Waiting behind it"), self.behind(delivery)),
        ]
        return DryRun(facts=facts, back=self.page_of(delivery), **words)

    def _do(self, request, delivery, verb, form) -> Result:
        """Pull the lever on the delivery as the operator saw it."""
        told = {"thing": str(delivery), "address": self.page_of(delivery)}
        delivery.version = form.version_of(delivery)
        try:
            getattr(delivery, verb)(reason=form.cleaned_data["reason"], **who(request))
        except AlreadyHandled:
            return Result(outcome="skipped", words=_handled_by(delivery), **told)
        except DatabaseError as error:
            logger.warning("lever_failed", verb=verb, delivery=str(delivery.pk), exc_info=True)
            return Result(outcome="failed", words=gettext("failed: %s") % type(error).__name__, **told)
        return Result(outcome="ok", words=DONE[verb], **told)

    # One lever for several

    def has_retry_permission(self, request):
        return self.may(request, "retry")

    @admin.action(description=_("Retry the selected dead deliveries"), permissions=["retry"])
    def retry_selected(self, request, queryset):
        dead = list(queryset.filter(state=State.DEAD).select_related("event")[:MOST_AT_ONCE])
        if not dead:
            self.message_user(request, _("None of these is dead: there is nothing to retry."), messages.WARNING)
            return None
        return self._ask_for_many(request, LeverForm(initial=_frozen(dead)), dead, using=domain_of(request))

    def retry_many(self, request):
        """Retry those that were seen, each for itself."""
        self.require(request, "retry")
        if request.method != "POST":
            raise PermissionDenied
        using, form = domain_of(request), LeverForm(request.POST)
        valid = form.is_valid()
        seen = form.cleaned_data.get("seen", {})
        deliveries = list(Delivery.objects.using(using).filter(pk__in=seen).select_related("event"))
        if not valid:
            return self._ask_for_many(request, form, deliveries, using=using)
        results = [self._do(request, delivery, "retry", form) for delivery in deliveries]
        return self._tell(request, results, missing=len(seen) - len(deliveries))

    def _ask_for_many(self, request, form, deliveries, *, using):
        will = ngettext(
            "%(n)d dead delivery is tried again from its first attempt.",
            "%(n)d dead deliveries are tried again from their first attempt.",
            len(deliveries),
        ) % {"n": len(deliveries)}
        dry_run = DryRun(
            title=_("Retry deliveries"), button=_("Retry"), back=reverse("admin:events_delivery_changelist"),
            facts=[(_("What will happen"), will), (_("Domain"), using)],
            items=[f"{each}, {each.aggregate_id} v{each.seq}, {each.fingerprint}" for each in deliveries],
            action=f"{reverse('admin:events_delivery_retry_many')}?domain={using}",
        )  # fmt: skip
        return self.ask(request, form, dry_run)

    def _tell(self, request, results, *, missing):
        context = self.admin_site.each_context(request)
        context |= {"title": _("Retry deliveries"), "opts": self.opts, "results": results, "missing": missing}
        return TemplateResponse(request, "admin/lever_results.html", context)


ONLY_DEAD = _("Only a dead delivery can be sent again or given up.")
DONE = {"retry": _("on its way again."), "discard": _("given up; its lane goes on without it.")}


def _frozen(deliveries):
    return {"seen": {str(each.pk): each.version for each in deliveries}}


def _handled_by(delivery) -> str:
    """Who was faster, in words."""
    actions = OperatorAction.objects.using(delivery._state.db).filter(target_type="delivery", target_id=delivery.pk)
    if last := actions.first():
        return gettext("already handled by %(who)s: %(reason)s") % {"who": last.operator, "reason": last.reason}
    return gettext("skipped: it is no longer dead.")
