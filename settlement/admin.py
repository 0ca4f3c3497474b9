from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from events.admin.windows import ReadOnlyAdmin, link
from settlement.models import Line


@admin.register(Line)
class LineAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "concert_title", "starts_at", "kind", "amount", "reservation"]
    list_filter = looked_through = ["kind"]
    ordering = ["-id"]
    found_by = ["pk", "reservation_id", "performance_id", "event_id"]
    search_help_text = _("Whole id of a reservation or a performance.")
    fields = ["occurred_at", "kind", "amount", "concert_title", "starts_at", "performance", "reservation", "event"]

    @admin.display(description=_("reservation"))
    def reservation(self, line):
        return link("reservations.Reservation", line.reservation_id)

    @admin.display(description=_("performance"))
    def performance(self, line):
        return link("reservations.Performance", line.performance_id)

    @admin.display(description=_("event"))
    def event(self, line):
        return link("events.Event", line.event_id)
