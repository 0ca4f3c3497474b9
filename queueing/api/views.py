from functools import partial
from uuid import UUID

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from api.answers import etag_of, json_answer, rendered
from api.idempotency import idempotent
from api.problems import NotFound, json_response, of_error
from api.schema import IDEMPOTENCY_KEY
from api.snapshots import Snapshots
from api.throttling import of_address
from queueing import passes, proof, rooms
from queueing.api.serializers import PlaceAnswer, Proof, RoomFront
from queueing.models import Room

fronts = Snapshots(seconds=1)


class OneRoom(APIView):
    """Whoever knows about concerts and accounts overrides the three hooks.

    at_once(request, concert) answers what most ask, for a middleware that comes before all that DRF needs; None where
    the view itself has to.
    """

    throttle_classes = []  # polling is the real load, and counting a question would cost more than answering it

    def get_room(self, concert_id):
        """Raise NotFound for a concert that does not exist."""

    def remaining_seats(self, concert_id) -> int | None:
        """How many seats are free; None if not known."""

    def account_at_once(self, request) -> UUID | None:
        """Who asks, if that is known without asking anybody; None lets DRF find out."""


class RoomView(OneRoom):
    authentication_classes = []
    permission_classes = [AllowAny]

    def at_once(self, request, concert):
        return without_drf(self.get, request, concert=concert) if request.method == "GET" else None

    @extend_schema(
        operation_id="waiting_room",
        summary="The room as anyone sees it",
        responses={200: RoomFront, 304: OpenApiResponse(description="Unchanged since the ETag in If-None-Match.")},
    )
    def get(self, request, concert):
        """The same answer for everybody, good for a second: caches can carry it, however many wait."""
        body, etag = fronts.get(concert, lambda: self._rendered_front(concert))
        headers = {"Cache-Control": "public, max-age=1", "ETag": etag}
        response = HttpResponse(body, headers=headers, content_type="application/json")
        if "HTTP_IF_NONE_MATCH" in request.META or "HTTP_IF_MATCH" in request.META:
            return get_conditional_response(request, etag=etag, response=response)
        return response

    def _rendered_front(self, concert_id):
        self.get_room(concert_id)
        body = rendered(self._front(concert_id))
        return body, etag_of(body)

    def _front(self, concert_id):
        seen = rooms.front(concert_id=concert_id)
        return {
            "state": seen.state,
            "serving_number": seen.serving_number,
            "waiting": seen.waiting,
            "pace_per_minute": seen.pace_per_minute,
            "opens_at": seen.opens_at,
            "remaining_seats": self.remaining_seats(concert_id) if seen.stock is None else sum(seen.stock.values()),
            "stock": seen.stock,
            "sold_out": seen.sold_out,
            "line": seen.line,
            "delay": seen.delay,
            "announcement": seen.announcement,
            "asks_proof": seen.asks_proof,
        }


class PlaceView(OneRoom):
    """Entering and asking are nearly all that is ever asked of the service."""

    def at_once(self, request, concert):
        verb = {"GET": self._find, "POST": self._enter}.get(request.method)
        if verb is None or "HTTP_IDEMPOTENCY_KEY" in request.META or not (account_id := self.account_at_once(request)):
            return None
        return without_drf(lambda: json_answer(*verb(request, account_id=account_id, concert=concert)))

    @extend_schema(
        operation_id="enter_waiting_room",
        summary="Take a place, or find the one you have",
        request=Proof,
        parameters=[IDEMPOTENCY_KEY],
        responses={
            201: OpenApiResponse(PlaceAnswer, description="A new place at the end."),
            200: OpenApiResponse(PlaceAnswer, description="The place you have; or the room is off and you need none."),
        },
    )
    @idempotent(home=Room)
    def post(self, request, concert):
        """One account has one place, from any device. After USED or EXPIRED you get a new one at the end."""
        return Response(*self._enter(request, concert=concert, account_id=request.user.pk))

    @extend_schema(operation_id="my_place", summary="Your place", responses=PlaceAnswer)
    def get(self, request, concert):
        """Ask again after `poll_after_seconds`: a waiting place lapses when nobody asks for longer than the grace."""
        return Response(*self._find(request, concert=concert, account_id=request.user.pk))

    def _enter(self, request, *, concert, account_id):
        self.get_room(concert)
        place = rooms.enter(
            concert_id=concert,
            account_id=account_id,
            token=passes.shown(request, concert),
            door=of_address(request, "places"),
            prove=partial(proof.demand, request, concert_id=concert, account_id=account_id),
        )
        return answer_of(place), 201 if place.is_new else 200

    def _find(self, request, *, concert, account_id):
        self.get_room(concert)
        place = rooms.place(concert_id=concert, account_id=account_id, token=passes.shown(request, concert))
        if place is None:
            raise NotFound(_("You have no place in this room."), code="no_place")
        return answer_of(place), 200

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
        "ticket": place.ticket,
        "eta_seconds": place.eta and place.eta._asdict(),
        "delay": place.delay,
        "poll_after_seconds": place.poll_after_seconds,
        "expires_at": place.active_until,
    }


def without_drf(view, *args, **kwargs):
    """What the view answers; what it raises becomes a problem, as DRF's exception handler does it."""
    try:
        return view(*args, **kwargs)
    except Exception as error:
        return json_response(of_error(error))
