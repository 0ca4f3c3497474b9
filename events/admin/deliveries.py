from datetime import datetime

from django.contrib import admin
from django.urls import path
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from events.admin.domains import DomainAdmin, domain_of
from events.admin.letter_levers import LetterLevers
from events.admin.letters import Letters
from events.admin.windows import counted, link, pretty
from events.consumers import consumers
from events.models import Delivery, OperatorAction
from events.models.letter_groups import MOST

MOST_SHOWN = 20


class ConsumerFilter(admin.SimpleListFilter):
    title, parameter_name = _("consumer"), "consumer"

    def lookups(self, request, model_admin):
        return [(each.name, each.name) for each in consumers()]

    def queryset(self, request, queryset):
        return queryset.filter(consumer=self.value()) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(Letters, LetterLevers, DomainAdmin):
    """Deliveries as a list, and one of them: a letter, with what befell it and what it holds up."""

    change_list_template = "admin/deliveries.html"
    change_form_template = "admin/letter.html"
    list_display = ["__str__", "state", "attempts", "fault", "since"]
    list_filter = ["state", ConsumerFilter]
    list_select_related = ["event"]
    ordering = ["-id"]
    found_by = ["pk", "event_id", "aggregate_id", "correlation_id"]
    search_help_text = _("Whole id of a delivery, an event or a reservation; or the beginning of a fault.")
    fields = ["of_event", "consumer", "state", "attempts", "available_at", "done_at", "fault", "story", "version"]

    def search_words(self, queryset, words):
        return queryset.filter(fingerprint__istartswith=words)

    @admin.display(description=_("since"))
    def since(self, delivery):
        return date_format(localtime(delivery.event.occurred_at), "m-d H:i:s")

    @admin.display(description=_("fault"))
    def fault(self, delivery):
        return delivery.fingerprint or None

    @admin.display(description=_("event"))
    def of_event(self, delivery):
        return link("events.Event", delivery.event_id, delivery.event)

    @admin.display(description=_("correlation id"))
    def story(self, delivery):
        label = "payments.Charge" if delivery.aggregate_type == "payments.Charge" else "reservations.Reservation"
        return link(label, delivery.correlation_id)

    # One letter's page

    def render_change_form(self, request, context, *args, **kwargs):
        if delivery := context.get("original"):
            context |= {"title": str(delivery), "subtitle": None, "letter": self._letter(delivery)}
        return super().render_change_form(request, context, *args, **kwargs)

    def _letter(self, delivery):
        behind = list(self.behind(delivery).select_related("event")[: MOST_SHOWN + 1])
        done = OperatorAction.objects.using(delivery._state.db)
        return {
            "message": pretty(delivery.event.data),
            "story": self.story(delivery),
            "event": link("events.Event", delivery.event_id),
            "consumer": link("events.Destination", delivery.consumer),
            "domain": delivery._state.db,
            "trace_id": delivery.event.trace_id,
            "failures": [each | {"at": datetime.fromisoformat(each["at"])} for each in delivery.failures[::-1]],
            "behind": behind[:MOST_SHOWN],
            "behind_count": counted(self.count_behind(delivery), MOST) if len(behind) > MOST_SHOWN else len(behind),
            "group": self.group_address(delivery) if delivery.state in Delivery.OPEN else "",
            "actions": done.filter(target_type="delivery", target_id=delivery.pk)[:MOST_SHOWN],
        }

    def behind(self, delivery):
        return delivery.tail().unfinished().order_by("seq")

    def count_behind(self, delivery) -> int:
        """At most MOST + 1."""
        return self.behind(delivery).values("pk")[: MOST + 1].count()

    # The list

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"domain": domain_of(request)} | (extra_context or {}))

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("dead-letters/", view(self.dead_letters), name="dead_letters"),
            path("dead-letters/group/", view(self.dead_letter_group), name="dead_letter_group"),
            path("dead-letters/group/csv/", view(self.dead_letters_csv), name="dead_letters_csv"),
            path("dead-letters/group/<slug:verb>/", view(self.pull_group), name="dead_letter_group_lever"),
            path("retry/", view(self.retry_many), name="events_delivery_retry_many"),
            path("discard/", view(self.discard_many), name="events_delivery_discard_many"),
            *super().get_urls(),
        ]

    def page_of(self, obj):
        return f"{super().page_of(obj)}?domain={obj._state.db}"

    def address_of(self, verb, obj):
        return f"{super().address_of(verb, obj)}?domain={obj._state.db}"
