"""The gate between the waiting room and the box office: nobody buys without an admitted place."""

from uuid import UUID

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext as _

from api.problems import Forbidden
from queueing import passes, rooms
from reservations.models import Reservation


class Gate:
    """As `request.gate`. Reads the live state of the room, in one round trip to Redis; or the fan's pass alone."""

    def __init__(self, request):
        self.request = request

    def check(self, *, concert_id: UUID, user_id: UUID) -> str:
        """The fan's place in that concert's room, "" when the room is off.

        Raises Forbidden (queue_token_required, queue_token_invalid, queue_token_not_active), RoomUnavailable.
        """
        if "queueing" in settings.ELSEWHERE:
            return self._check_pass_alone(concert_id=concert_id, user_id=user_id)
        state, place = rooms.status(concert_id=concert_id, account_id=user_id)
        if state == rooms.OFF:
            return ""
        ticket = self._read_pass(concert_id=concert_id, user_id=user_id)
        if place is None or place.number != ticket.number or place.status != "ACTIVE":
            raise not_your_turn()
        return ticket.place

    def check_hold(self, *, concert_id: UUID, user_id: UUID, place: str):
        """The same for paying a hold made under that place, whose time may have passed since.

        "": it was made while the room was off, and needs no place now either.
        """
        if place and self._shown_place(concert_id=concert_id, user_id=user_id) != place:
            self.check(concert_id=concert_id, user_id=user_id)

    def _check_pass_alone(self, *, concert_id, user_id):
        """What the room has signed, where it is another deployment. A place that has been bought under is used up."""
        ticket = self._read_pass(concert_id=concert_id, user_id=user_id)
        if ticket.is_of_no_place and ticket.is_active(now=now()):
            return ""
        bought = Reservation.objects.of(user_id).filter(place=ticket.place, confirmed_at__isnull=False)
        if not ticket.is_active(now=now()) or bought.exists():
            raise not_your_turn()
        return ticket.place

    def _shown_place(self, **of):
        try:
            return self._read_pass(**of).place
        except Forbidden:
            return None

    def _read_pass(self, *, concert_id, user_id):
        token = passes.shown(self.request, concert_id)
        if not token:
            raise Forbidden(_("Enter the waiting room first."), code="queue_token_required")
        try:
            ticket = passes.read(token)
        except passes.InvalidPass:
            ticket = None
        if ticket is None or ticket.account_id != user_id or ticket.concert_id != concert_id:
            raise Forbidden(_("This queue token is not yours. Enter the waiting room."), code="queue_token_invalid")
        return ticket


def not_your_turn():
    return Forbidden(_("It is not your turn. Enter the waiting room."), code="queue_token_not_active")


class GateMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.gate = Gate(request)
        return self.get_response(request)
