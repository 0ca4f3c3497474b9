from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from queueing import passes, proof
from queueing.api.serializers import ChallengeAnswer


class ChallengeView(APIView):
    """Whoever knows about concerts overrides the hook."""

    def get_room(self, concert_id):
        """Raise NotFound for a concert that does not exist."""

    @extend_schema(
        operation_id="waiting_room_challenge",
        summary="The task to solve before taking a place, if there is one",
        responses=ChallengeAnswer,
    )
    def get(self, request, concert):
        """For this account and this room only. Find the counter from 0 to `data.attempts` whose key has the prefix."""
        self.get_room(concert)
        fan = {"concert_id": concert, "account_id": request.user.pk}
        if not proof.is_needed(**fan, token=passes.shown(request, concert)):
            return Response({"required": False}, headers={"Cache-Control": "no-store"})
        told = {"required": True, "challenge": proof.challenge(**fan)}
        return Response(told, headers={"Cache-Control": "no-store"})
