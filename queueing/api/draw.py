from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from api.answers import etag_of, rendered
from api.problems import NotFound
from queueing.models import Room

SECONDS_BEFORE, SECONDS_AFTER = 5, 3600  # that caches keep it; what is drawn does not change any more


class Draw(serializers.Serializer):
    commitment = serializers.CharField(help_text="SHA-256 of the seed's 64 letters, in hex; the same before and after.")
    seed = serializers.CharField(allow_null=True, help_text="64 hex digits; null until the draw.")
    first = serializers.IntegerField(help_text="Draw tickets begin one above it.")
    last = serializers.IntegerField(allow_null=True, help_text="The last draw ticket; null until the draw.")


class DrawView(APIView):
    """Whoever knows about concerts overrides the hook."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def get_room(self, concert_id):
        """Raise NotFound for a concert that does not exist."""

    @extend_schema(
        operation_id="waiting_room_draw",
        summary="The draw among those who came before the opening",
        responses={200: Draw, 304: OpenApiResponse(description="Unchanged since the ETag in If-None-Match.")},
    )
    def get(self, request, concert):
        """What anybody needs to recompute the number in line of a draw ticket, once it is drawn."""
        self.get_room(concert)
        room = Room.objects.filter(concert_id=concert).first()
        if room is None:
            raise NotFound(_("This concert has no waiting room yet, and no draw."), code="no_draw")
        told = {name: room.draw[name] for name in ("commitment", "seed", "first", "last")}
        seconds = SECONDS_BEFORE if told["seed"] is None else SECONDS_AFTER
        response = Response(
            told, headers={"Cache-Control": f"public, max-age={seconds}", "ETag": etag_of(rendered(told))}
        )
        return get_conditional_response(request._request, etag=response["ETag"], response=response)
