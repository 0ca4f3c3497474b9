"""What anyone may see: concerts, performances, seating plans."""

import hashlib
from datetime import UTC, datetime

from django.db.models import Value
from django.db.models.functions import Coalesce
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

LAST = {"starts_at": datetime.max.replace(tzinfo=UTC), "-starts_at": datetime.min.replace(tzinfo=UTC)}
ORDERINGS = {
    "": ("sale_rank", "next_start", "id"),
    "starts_at": ("start_or_last", "id"),
    "-starts_at": ("-start_or_last", "id"),
    "title": ("title", "id"),
    "-title": ("-title", "id"),
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
        ordering = self.request.query_params.get("ordering", "")
        if ordering not in ORDERINGS:
            raise BadRequest(_("Order by %(known)s.") % {"known": ", ".join(filter(None, ORDERINGS))})
        return ORDERINGS[ordering]

    def get_queryset(self):
        words = self.request.query_params.get("search", "")[:200].replace("\0", "")
        last = LAST.get(self.request.query_params.get("ordering"), LAST["starts_at"])
        return concerts().search(words).annotate(start_or_last=Coalesce("next_start", Value(last)))


class OneConcert(RetrieveAPIView):
    permission_classes = [AllowAny]
    serializer_class = serializers.ConcertSerializer
    queryset = concerts()


class ConcertPerformances(ListAPIView):
    """The concert's performances, those on sale first."""

    permission_classes = [AllowAny]
    serializer_class = serializers.PerformanceSerializer
    page_ordering = ("sale_rank", "starts_at", "id")

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return Performance.objects.none()
        concert = get_object_or_404(Concert, pk=self.kwargs["pk"])
        return Performance.objects.filter(concert=concert).with_sale_status().select_related("plan__venue")


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
