import hashlib
import json

from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from api.idempotency import idempotent
from api.problems import NotFound
from api.schema import IDEMPOTENCY_KEY
from queueing import rooms
from queueing.api.serializers import PlaceAnswer, RoomFront
from queueing.models import Room


class OneRoom(APIView):
    """Whoever knows about concerts overrides the two hooks."""

    throttle_classes = []  # polling is the real load, and counting a question would cost more than answering it

    def get_room(self, concert_id):
        """Raise NotFound for a concert that does not exist."""

    def remaining_seats(self, concert_id) -> int | None:
        """How many seats are free; None if not known."""


class RoomView(OneRoom):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="waiting_room",
        summary="The room as anyone sees it",
        responses={200: RoomFront, 304: OpenApiResponse(description="Unchanged since the ETag in If-None-Match.")},
    )
    def get(self, request, concert):
        """The same answer for everybody, good for a second: caches can carry it, however many wait."""
        self.get_room(concert)
        response = Response(self._front(concert), headers={"Cache-Control": "public, max-age=1"})
        response["ETag"] = etag_of(response.data)
        return get_conditional_response(request._request, etag=response["ETag"], response=response)

    def _front(self, concert_id):
        seen = rooms.front(concert_id=concert_id)
        return {
            "state": seen.state,
            "serving_number": seen.serving_number,
            "waiting": seen.waiting,
            "pace_per_minute": seen.pace_per_minute,
            "opens_at": seen.opens_at,
            "remaining_seats": self.remaining_seats(concert_id),
        }


class PlaceView(OneRoom):
    @extend_schema(
        operation_id="enter_waiting_room",
        summary="Take a place, or find the one you have",
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={
            201: OpenApiResponse(PlaceAnswer, description="A new place at the end."),
            200: OpenApiResponse(PlaceAnswer, description="The place you have; or the room is off and you need none."),
        },
    )
    @idempotent(home=Room)
    def post(self, request, concert):
        """One account has one place, from any device. After USED or EXPIRED you get a new one at the end."""
        self.get_room(concert)
        place = rooms.enter(concert_id=concert, account_id=request.user.pk)
        return Response(answer_of(place), status=201 if place.is_new else 200)

    @extend_schema(operation_id="my_place", summary="Your place", responses=PlaceAnswer)
    def get(self, request, concert):
        """Ask again after `poll_after_seconds`: a waiting place lapses when nobody asks for longer than the grace."""
        self.get_room(concert)
        place = rooms.place(concert_id=concert, account_id=request.user.pk)
        if place is None:
            raise NotFound(_("You have no place in this room."), code="no_place")
        return Response(answer_of(place))

    @extend_schema(operation_id="leave_waiting_room", summary="Give your place up", responses={204: None})
    def delete(self, request, concert):
        """A slot that you had is free for the next fan at once. Without a place nothing happens."""
        self.get_room(concert)
        rooms.leave(concert_id=concert, account_id=request.user.pk)
        return Response(status=204)


def answer_of(place) -> dict:
    """What the fan's device gets; the token carries the end of the active time once there is one."""
    return {
        "token": place.token,
        "status": place.status.value,
        "number": place.number,
        "ahead": place.ahead,
        "eta_seconds": place.eta and place.eta._asdict(),
        "poll_after_seconds": place.poll_after_seconds,
        "expires_at": place.active_until,
    }


def etag_of(data) -> str:
    digest = hashlib.blake2b(json.dumps(data, default=str).encode(), digest_size=8)
    return f'"{digest.hexdigest()}"'
