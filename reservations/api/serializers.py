from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.fields import Id, WholeNumber
from events.models import Transition
from reservations.models import Concert, Performance, Reservation


class SaleField(serializers.Field):
    """on_sale, to_come, sold_out or closed."""

    def __init__(self, **kwargs):
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, sale) -> str:
        return sale.name.lower()


SaleField = extend_schema_field({"type": "string", "enum": ["on_sale", "to_come", "sold_out", "closed"]})(SaleField)


class ConcertSerializer(serializers.ModelSerializer):
    sale = SaleField()
    next_start = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Concert
        fields = ["id", "title", "artist", "description", "poster_url", "sale", "next_start"]


class PerformanceSerializer(serializers.ModelSerializer):
    sale = SaleField()
    venue = serializers.CharField(source="plan.venue.name")
    seats = serializers.IntegerField(source="seat_count")
    remaining = serializers.SerializerMethodField()

    class Meta:
        model = Performance
        fields = [
            "id", "concert", "venue", "starts_at", "sales_open_at", "sales_close_at", "sale",
            "seats", "remaining", "seat_limit",
        ]  # fmt: skip

    def get_remaining(self, performance) -> int:
        return max(0, performance.seat_count - performance.taken)


class RankingSerializer(serializers.Serializer):
    rank = serializers.IntegerField()
    concert = ConcertSerializer()
    reservations = serializers.IntegerField()


class RankingPageSerializer(serializers.Serializer):
    results = RankingSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class DrawnSeatSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    label = serializers.CharField()
    grade = serializers.CharField()
    price = serializers.IntegerField()
    x = serializers.FloatField()
    y = serializers.FloatField()
    accessible = serializers.BooleanField()
    restricted_view = serializers.BooleanField()


class RowSerializer(serializers.Serializer):
    label = serializers.CharField()
    seats = DrawnSeatSerializer(many=True)


class SectionSerializer(serializers.Serializer):
    name = serializers.CharField()
    rows = RowSerializer(many=True)


class SeatingPlanSerializer(serializers.Serializer):
    name = serializers.CharField()
    width = serializers.FloatField()
    height = serializers.FloatField()
    sections = SectionSerializer(many=True)
    areas = serializers.ListField(child=serializers.DictField())
    grades = serializers.ListField(child=serializers.DictField())


class AvailabilitySerializer(serializers.Serializer):
    version = serializers.CharField()
    remaining = serializers.DictField(child=serializers.IntegerField())
    unavailable = serializers.ListField(child=serializers.UUIDField())
    mine = serializers.ListField(child=serializers.UUIDField())


class NewReservationSerializer(serializers.Serializer):
    performance = Id()
    seats = serializers.ListField(child=Id(), min_length=1, max_length=100)


class ReservationSerializer(serializers.ModelSerializer):
    status = serializers.SerializerMethodField()
    seats = serializers.SerializerMethodField()
    failure = serializers.SerializerMethodField()

    class Meta:
        model = Reservation
        fields = ["id", "status", "performance", "seats", "amount", "held_until", "failure", "created_at"]

    @extend_schema_field(serializers.ChoiceField(Reservation.Status.choices))
    def get_status(self, reservation) -> str:
        return getattr(reservation, "shown_status", reservation.status)

    def get_seats(self, reservation) -> list[str]:
        return sorted({str(claim.seat_id) for claim in reservation.claims.all()})

    def get_failure(self, reservation) -> str | None:
        return reservation.failure or None


class CancelledReservationSerializer(ReservationSerializer):
    class Meta(ReservationSerializer.Meta):
        fields = [*ReservationSerializer.Meta.fields, "refund", "fee"]


class TransitionSerializer(serializers.ModelSerializer):
    class Meta:
        model = Transition
        fields = ["at", "from_status", "to_status", "cause", "version"]


class TimelineSerializer(serializers.Serializer):
    results = TransitionSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class QuoteSerializer(serializers.Serializer):
    fee = serializers.IntegerField()
    refund = serializers.IntegerField()
    rule = serializers.CharField()


class CancellationSerializer(serializers.Serializer):
    refund = WholeNumber(required=False, min_value=0, help_text="As quoted; refused when it has changed.")


class TicketSerializer(serializers.Serializer):
    reservation = serializers.UUIDField()
    concert = serializers.CharField()
    starts_at = serializers.DateTimeField()
    venue = serializers.CharField()
    seats = serializers.ListField(child=serializers.CharField())
    qr_payload = serializers.CharField()
