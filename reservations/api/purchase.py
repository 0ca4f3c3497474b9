"""A fan's reservations: hold, pay, cancel, ticket."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from api.idempotency import idempotent
from api.pagination import one_page
from api.problems import BadRequest, Conflict, PaymentRequired
from api.schema import IDEMPOTENCY_KEY, QUEUE_TOKEN, REQUIRED_IDEMPOTENCY_KEY
from events import bus
from events.aggregate import WrongStatus
from events.models import Transition
from reservations import cancellation, holding, tickets
from reservations.api import serializers
from reservations.models import Performance, Reservation
from reservations.models.reservation import HoldExpired

Status = Reservation.Status


def own(request, pk) -> Reservation:
    """The fan's reservation, 404 when it is somebody else's."""
    return get_object_or_404(shown(request), pk=pk)


def shown(request):
    return Reservation.objects.of(request.user.pk).as_shown().prefetch_related("claims").select_related("performance")


def wrong_status(status):
    return Conflict(_("The reservation is %(status)s.") % {"status": status}, code="wrong_status")


class Reservations(ListAPIView):
    serializer_class = serializers.ReservationSerializer

    def get_queryset(self):
        status = self.request.query_params.get("status")
        if status and status not in Status.values:
            raise BadRequest(_("The status is one of %(known)s.") % {"known": ", ".join(Status.values)})
        rows = shown(self.request)
        return rows.filter(shown_status=status) if status else rows

    @extend_schema(parameters=[OpenApiParameter("status", enum=Status.values)])
    def get(self, request):
        """My reservations, newest first."""
        return super().get(request)

    @extend_schema(
        request=serializers.NewReservationSerializer,
        responses={201: serializers.ReservationSerializer},
        parameters=[QUEUE_TOKEN, IDEMPOTENCY_KEY],
    )
    @idempotent(home=Reservation)
    def post(self, request):
        """Hold seats: all or none, for five minutes."""
        form = serializers.NewReservationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        performance = get_object_or_404(
            Performance.objects.select_related("concert"), pk=form.validated_data["performance"]
        )
        seat_ids = form.validated_data["seats"]
        _known_seats(performance, seat_ids)
        place = request.gate.check(concert_id=performance.concert_id, user_id=request.user.pk)
        key = request.headers.get("Idempotency-Key")
        reservation = _hold(performance, seat_ids, user_id=request.user.pk, place=place, key=key)
        return Response(self.get_serializer(reservation).data, status=201)


def _known_seats(performance, seat_ids):
    try:
        holding.asked_for(performance=performance, seat_ids=seat_ids)
    except holding.InvalidSeats:
        raise BadRequest(
            _("Name seats of this performance, each once."),
            errors={"seats": [_("Unknown, doubled, or of another performance.")]},
        ) from None


def _hold(performance, seat_ids, **fan):
    try:
        return holding.hold(performance=performance, seat_ids=seat_ids, **fan)
    except holding.SalesClosed:
        raise Conflict(_("This performance is not on sale."), code="sales_closed") from None
    except holding.SeatLimitExceeded:
        detail = _("You may have %(limit)d seats of this performance at once.") % {"limit": performance.seat_limit}
        raise Conflict(detail, code="seat_limit_exceeded") from None
    except holding.SeatsUnavailable as taken:
        raise Conflict(
            _("Somebody else has these seats."),
            code="seats_unavailable",
            unavailable=[str(id) for id in taken.seat_ids],
            alternatives=[str(id) for id in taken.alternatives],
        ) from None


class OneReservation(GenericAPIView):
    serializer_class = serializers.ReservationSerializer

    def get(self, request, pk):
        return Response(self.get_serializer(own(request, pk)).data)

    @extend_schema(responses={204: None})
    def delete(self, request, pk):
        """Give the hold up."""
        reservation = own(request, pk)
        if reservation.shown_status == Status.EXPIRED:
            raise wrong_status(Status.EXPIRED)
        try:
            reservation.release()
        except WrongStatus as error:
            raise wrong_status(error.noun.status) from None
        return Response(status=204)


class Payment(APIView):
    @extend_schema(
        request=None,
        responses={
            200: serializers.ReservationSerializer,
            202: OpenApiResponse(serializers.ReservationSerializer, description="Payments has not answered yet"),
        },
        parameters=[QUEUE_TOKEN, REQUIRED_IDEMPOTENCY_KEY],
    )
    @idempotent(home=Reservation, required=True)
    def post(self, request, pk):
        """Pay with points. 402 tells of too few points, with the FAILED reservation."""
        reservation = own(request, pk)
        concert_id = reservation.performance.concert_id
        request.gate.check_hold(concert_id=concert_id, user_id=request.user.pk, place=reservation.place)
        _submit(reservation, key=request.headers["Idempotency-Key"])
        return _payment_answer(request, own(request, pk))


def _submit(reservation, *, key):
    try:
        reservation.submit(key=key)
    except HoldExpired:
        raise Conflict(_("Your five minutes are over. Choose seats again."), code="hold_expired") from None
    except WrongStatus as error:
        raise wrong_status(error.noun.status) from None


def _payment_answer(request, reservation):
    body = serializers.ReservationSerializer(reservation).data
    if reservation.status == Status.PAYING:
        where = request.build_absolute_uri(f"/api/v1/reservations/{reservation.pk}")
        return Response(body, status=202, headers={"Location": where, "Retry-After": "1"})
    if reservation.status == Status.FAILED and reservation.failure != "insufficient_points":
        raise wrong_status(reservation.status)  # a repeat, and no answer ever came
    if reservation.status == Status.FAILED:
        raise PaymentRequired(_("The payment was declined. Charge points and choose seats again."), reservation=body)
    return Response(body)


class Cancellation(APIView):
    @extend_schema(responses=serializers.QuoteSerializer)
    def get(self, request, pk):
        """What cancelling would give back now."""
        reservation = own(request, pk)
        return Response(serializers.QuoteSerializer(_translated(cancellation.quote, reservation)).data)

    @extend_schema(
        request=serializers.CancellationSerializer,
        responses=serializers.CancelledReservationSerializer,
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent(home=Reservation)
    def post(self, request, pk):
        """Cancel; the points come back by the fee rules."""
        form = serializers.CancellationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        reservation = own(request, pk)
        key = request.headers.get("Idempotency-Key", "")
        _translated(cancellation.cancel, reservation, refund=form.validated_data.get("refund"), key=key)
        return Response(serializers.CancelledReservationSerializer(own(request, pk)).data)


def _translated(verb, reservation, **arguments):
    try:
        return verb(reservation, **arguments)
    except WrongStatus as error:
        raise wrong_status(error.noun.status) from None
    except cancellation.TooLate:
        raise Conflict(_("The show has begun."), code="too_late") from None
    except cancellation.QuoteChanged:
        raise Conflict(_("The refund has changed. Look at it again."), code="quote_changed") from None


class Timeline(APIView):
    @extend_schema(responses=serializers.TimelineSerializer)
    def get(self, request, pk):
        """Every transition, oldest first."""
        reservation = own(request, pk)
        log = Transition.objects.using(bus.home(Reservation)).filter(
            aggregate_type=Reservation._meta.label, aggregate_id=reservation.pk
        )
        rows = log.order_by("version")
        return Response(one_page(serializers.TransitionSerializer(rows, many=True).data))


class Ticket(APIView):
    """`Accept: image/svg+xml` or `application/pdf` gets the QR code as a picture."""

    PICTURES = {"image/svg+xml": tickets.qr_svg, "application/pdf": tickets.qr_pdf}

    @extend_schema(
        responses={
            (200, "application/json"): serializers.TicketSerializer,
            (200, "image/svg+xml"): OpenApiTypes.STR,
            (200, "application/pdf"): OpenApiTypes.BINARY,
        }
    )
    def get(self, request, pk):
        reservation = own(request, pk)
        if reservation.status != Status.CONFIRMED:
            raise wrong_status(reservation.shown_status)
        if picture := self._picture_asked_for(request):
            return HttpResponse(self.PICTURES[picture](reservation), content_type=picture)
        return Response(
            {
                "reservation": reservation.id,
                "concert": reservation.facts["concert_title"],
                "starts_at": reservation.facts["starts_at"],
                "venue": reservation.performance.venue.name,
                "seats": reservation.facts["seats"],
                "qr_payload": tickets.qr_payload(reservation),
            }
        )

    def _picture_asked_for(self, request):
        """The first of our types that the client names, unless that is JSON."""
        kinds = [kind.partition(";")[0].strip().lower() for kind in request.headers.get("Accept", "").split(",")]
        first = next((kind for kind in kinds if kind in (*self.PICTURES, "application/json")), None)
        return first if first in self.PICTURES else None
