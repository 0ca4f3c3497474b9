from django.contrib import admin
from django.utils.translation import gettext as _

from concert_site.admin import verdicts
from concert_site.timeline import timeline_of
from reservations.admin.reservations import ReservationAdmin
from reservations.models import Reservation


@admin.register(Reservation)
class ReservationPage(ReservationAdmin):
    """The reservation's page, across all domains."""

    change_form_template = "admin/reservation_page.html"

    def render_change_form(self, request, context, *args, **kwargs):
        if reservation := context.get("original"):
            context |= {
                "title": _("Reservation: %(status)s") % {"status": reservation.get_status_display()},
                "fan": self.fan(reservation),
                "points": verdicts.points_of(reservation),
                "seats": verdicts.seats_of(reservation),
                "timeline": timeline_of(reservation),
            }
        return super().render_change_form(request, context, *args, **kwargs)
