"""A reservation's list and its levers. Registered by the site, with a page across all domains."""

from django.contrib import admin
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.admin.fans import OfFan, email_of
from events.admin.handling import WithHandles
from events.admin.windows import ReadOnlyAdmin, pretty
from reservations.admin.filters import AttentionFilter, PerformanceFilter
from reservations.handles import HANDLES
from reservations.models import Reservation

Status = Reservation.Status


class ReservationAdmin(WithHandles, OfFan, ReadOnlyAdmin):
    handles = HANDLES
    list_display = ["made", "shown_status", "fan", "concert", "first_seat", "points"]
    list_filter = ["status", AttentionFilter, PerformanceFilter]
    ordering = ["-id"]
    search_help_text = _("The fan's e-mail address or name or a part of one; or a whole id.")
    fields = [
        "performance", "place", "created_at", "held_until", "pay_deadline", "confirmed_at", "failure", "refund", "fee",
        "refund_deadline", "refunded_at", "asked_again_at", "attention", "version", "ticket",
    ]  # fmt: skip

    def get_queryset(self, request):
        return super().get_queryset(request).as_shown()

    def facts_of(self, reservation):
        return [
            (_("Points"), f"{reservation.amount:,} P"),
            (_("Fan"), email_of(reservation.user_id)),
            (_("Seats"), f"{self.concert(reservation)}, {', '.join(reservation.facts['seats'])}"),
        ]

    @admin.display(description=_("concert"))
    def concert(self, reservation):
        return reservation.facts.get("concert_title")

    @admin.display(description=_("made"))
    def made(self, reservation):
        return date_format(localtime(reservation.created_at), "m-d H:i")

    @admin.display(description=_("seats"))
    def first_seat(self, reservation):
        first, *others = reservation.facts.get("seats") or [""]
        return f"{first} + {len(others)}" if others else first

    @admin.display(description=_("points"))
    def points(self, reservation):
        return f"{reservation.amount:,}"

    @admin.display(description=_("status"))
    def shown_status(self, reservation):
        status = Status(reservation.shown_status).label
        return gettext("%(status)s, needs attention") % {"status": status} if reservation.attention else status

    @admin.display(description=_("on the ticket"))
    def ticket(self, reservation):
        return pretty(reservation.facts)
