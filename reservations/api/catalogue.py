"""What anyone may see: concerts, performances, seating plans."""

import hashlib
from datetime import UTC, datetime

from django.db.models import Func, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from api.pagination import one_page
from api.problems import BadRequest
from api.schema import QUEUE_TOKEN
from reservations import availability, ranking
from reservations.api import serializers
from reservations.catalogue import concerts
from reservations.models import Concert, Performance

FIRST_DAY, LAST_DAY = (day.replace(tzinfo=UTC) for day in (datetime.min, datetime.max))


class Sortable(Func):
    """A time as text that sorts as the time does."""

    template = "to_char(%(expressions)s, 'YYYYMMDDHH24MISSUS')"
    output_field = TextField()


def position(*fields):
    """One text to order by that no two rows have in common: a cursor then neither loses nor repeats any."""
    return Concat(*(Cast(field, TextField()) for field in (*fields, "id")), output_field=TextField())


def start(unknown=LAST_DAY):
    return Sortable(Coalesce("next_start", Value(unknown)))


BY_SALE = position("sale_rank", start())
ORDERINGS = {  # by name: what to order by, and how its position is computed
    "": ("position", BY_SALE),
    "starts_at": ("position", position(start())),
    "-starts_at": ("-position", position(start(unknown=FIRST_DAY))),
    "title": ("title", BY_SALE),
    "-title": ("-title", BY_SALE),
}


@extend_schema_view(
    get=extend_schema(
        parameters=[
            OpenApiParameter("search", description="Words of the title or the artist."),
            OpenApiParameter("ordering", enum=[o for o in ORDERINGS if o], description="Else: on sale first."),
        ]
    )
)
class Concerts(ListAPIView):
    """Concerts, those on sale first."""

    permission_classes = [AllowAny]
    serializer_class = serializers.ConcertSerializer

    @property
    def page_ordering(self):
        return self._ordering()[0], "id"

    def get_queryset(self):
        words = self.request.query_params.get("search", "")[:200].replace("\0", "")
        return concerts().search(words).annotate(position=self._ordering()[1])

    def _ordering(self):
        ordering = self.request.query_params.get("ordering", "")
        if ordering not in ORDERINGS:
            raise BadRequest(_("Order by %(known)s.") % {"known": ", ".join(filter(None, ORDERINGS))})
        return ORDERINGS[ordering]


class OneConcert(RetrieveAPIView):
    permission_classes = [AllowAny]
    serializer_class = serializers.ConcertSerializer
    queryset = concerts()


class ConcertPerformances(ListAPIView):
    """The concert's performances, those on sale first."""

    permission_classes = [AllowAny]
    serializer_class = serializers.PerformanceSerializer
    page_ordering = ("position",)

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return Performance.objects.none()
        concert = get_object_or_404(Concert, pk=self.kwargs["pk"])
        shown = Performance.objects.filter(concert=concert).with_sale_status().select_related("plan__venue")
        return shown.annotate(position=position("sale_rank", Sortable("starts_at")))


class PopularConcerts(APIView):
    """The ranking by confirmed reservations."""

    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[OpenApiParameter("period", enum=list(ranking.PERIODS), default="all")],
        responses=serializers.RankingPageSerializer,
    )
    def get(self, request):
        period = request.query_params.get("period", "all")
        if period not in ranking.PERIODS:
            raise BadRequest(_("The period is day, week or all."))
        return Response(one_page(serializers.RankingSerializer(popular(period=period), many=True).data))


def popular(*, period, limit=20) -> list[dict]:
    """[{rank, concert, reservations}], most reservations first."""
    counts = ranking.top(period=period, limit=limit)
    ranked = {str(concert.id): concert for concert in concerts().filter(id__in=[id for id, _count in counts])}
    known = [(ranked[id], count) for id, count in counts if id in ranked]
    return [{"rank": n, "concert": concert, "reservations": count} for n, (concert, count) in enumerate(known, 1)]


class SeatingPlan(APIView):
    """Never changes while its ETag stays; cache it."""

    permission_classes = [AllowAny]

    @extend_schema(responses=serializers.SeatingPlanSerializer)
    def get(self, request, pk):
        performance = get_object_or_404(Performance.objects.select_related("plan"), pk=pk)
        etag = f'"{hashlib.sha256(f"{pk}:{performance.plan_version}".encode()).hexdigest()[:16]}"'
        response = get_conditional_response(request._request, etag=etag)
        if response is None:
            body = JSONRenderer().render(availability.seating_plan(performance))
            response = HttpResponse(body, content_type="application/json")
        response["ETag"], response["Cache-Control"] = etag, "public, max-age=60"
        return response


class Availability(APIView):
    """Which seats can't be had now, and which are mine."""

    @extend_schema(responses=serializers.AvailabilitySerializer, parameters=[QUEUE_TOKEN])
    def get(self, request, pk):
        performance = get_object_or_404(Performance, pk=pk)
        request.gate.check(concert_id=performance.concert_id, user_id=request.user.pk)
        return Response(availability.availability(performance, user_id=request.user.pk))
