from django.contrib import admin
from django.utils.translation import gettext as _

from concert_site.admin import verdicts
from concert_site.admin.drawing import Drawing
from concert_site.admin.standing import standing_of
from concert_site.timeline import Story, entries_of
from events.admin.windows import link
from payments.models import Transfer
from reservations.admin.reservations import ReservationAdmin
from reservations.models import Claim, Reservation, Seat


@admin.register(Reservation)
class ReservationPage(ReservationAdmin):
    """The reservation's page, across all domains."""

    change_form_template = "admin/reservation_page.html"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("performance__concert")

    def render_change_form(self, request, context, *args, **kwargs):
        if reservation := context.get("original"):
            context |= {
                "title": _("Reservation: %(status)s") % {"status": reservation.get_status_display()},
                **page_of(reservation),
            }
        return super().render_change_form(request, context, *args, **kwargs)


def page_of(reservation) -> dict:
    """All that the page tells. As many questions to the databases, however long the story is."""
    story = Story.of(reservation)
    labels = {seat.pk: seat.label for seat in story.rows[Seat]}
    points = verdicts.points_of(reservation, payment=story.payment, transfers=story.rows[Transfer])
    seats = verdicts.seats_of(reservation, claims=story.rows[Claim], labels=labels, now=story.at)
    standing = standing_of(
        reservation, deliveries=story.unfinished, barred=story.barred, points=points, seats=seats, now=story.at
    )
    return {
        "fan": link("accounts.User", reservation.user_id, story.fan.email if story.fan else None),
        "standing": standing,
        "verdicts": [(_("Points"), points), (_("Seats"), seats)],
        "drawing": Drawing(entries_of(story)),
    }
