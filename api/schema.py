"""What drf-spectacular can't know: every endpoint may answer with a problem, some take our headers."""

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from api.problems import MEDIA_TYPE

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Same key and body: the first answer again. Kept 24 h.",
)
REQUIRED_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="As elsewhere, but required.",
)
QUEUE_TOKEN = OpenApiParameter(
    "Queue-Token",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Of an ACTIVE place, when the concert's waiting room is on.",
)


class ProblemDetails(serializers.Serializer):
    """RFC 9457. `errors` per field comes with code `invalid`."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    trace_id = serializers.CharField()
    errors = serializers.JSONField(required=False)


class ProblemSchema(AutoSchema):
    def _get_response_bodies(self, direction="response"):
        problem = self._get_response_for_code(ProblemDetails, "default", [MEDIA_TYPE])
        problem["description"] = "A problem"
        return super()._get_response_bodies(direction) | {"4XX": problem, "5XX": problem}
