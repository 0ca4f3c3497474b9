"""The waiting room's API with what other domains know: who asks, which concerts exist, how many seats are left."""

import re
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import MiddlewareNotUsed
from django.urls import ResolverMatch, path
from django.urls.converters import UUIDConverter

from accounts.authentication import account_at_once
from api.problems import NotFound
from api.snapshots import Snapshots
from queueing.api import views
from queueing.api.challenge import ChallengeView as Challenge
from queueing.api.draw import DrawView as Draw
from reservations.availability import remaining_seats
from reservations.models import Concert

CACHE_SECONDS = 2  # thousands ask every second

concerts = Snapshots(CACHE_SECONDS)  # whether there is one


class OfConcerts:
    """Where reservations are another deployment, nobody here knows its concerts: each has a room, which may be off."""

    def get_room(self, concert_id):
        if "reservations" in settings.ELSEWHERE:
            return
        if not concerts.get(concert_id, lambda: Concert.objects.filter(pk=concert_id).exists()):
            raise NotFound

    def account_at_once(self, request):
        return account_at_once(request)

    def remaining_seats(self, concert_id):
        if "reservations" in settings.ELSEWHERE:
            return None
        return cache.get_or_set(f"remaining:{concert_id}", lambda: remaining_seats(concert_id), CACHE_SECONDS)


class RoomView(OfConcerts, views.RoomView):
    pass


class PlaceView(OfConcerts, views.PlaceView):
    pass


class ChallengeView(OfConcerts, Challenge):
    pass


class DrawView(OfConcerts, Draw):
    pass


urlpatterns = [
    path("waiting-rooms/<uuid:concert>", RoomView.as_view()),
    path("waiting-rooms/<uuid:concert>/place", PlaceView.as_view()),
    path("waiting-rooms/<uuid:concert>/challenge", ChallengeView.as_view()),
    path("waiting-rooms/<uuid:concert>/draw", DrawView.as_view()),
]

ROOM = re.compile(f"/api/v1/waiting-rooms/({UUIDConverter.regex})(/place)?")
AT_ONCE = {None: RoomView(), "/place": PlaceView()}
FOUND = {  # as the site map would say it
    rest: ResolverMatch(view, (), {}, route=f"api/v1/waiting-rooms/<uuid:concert>{rest or ''}")
    for rest, view in AT_ONCE.items()
}


class AtOnceMiddleware:
    """Nearly all that is ever asked of the service, answered before there are sessions, users and a site map.

    What is not answered so goes the usual way, to the same views.
    """

    def __init__(self, get_response):
        if "queueing" in settings.ELSEWHERE:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request):
        if asked := ROOM.fullmatch(request.path_info):
            request.resolver_match = FOUND[asked[2]]
            if answer := AT_ONCE[asked[2]].at_once(request, UUID(asked[1])):
                return answer
        return self.get_response(request)
