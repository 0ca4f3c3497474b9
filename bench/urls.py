"""The service's site map, and before it the views that its hot ones are compared with: as plain as Django allows."""

from django.http import JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django_redis import get_redis_connection

from concert_site import urls

handler500 = urls.handler500

ROOM = {
    "state": "OPEN",
    "serving_number": 1234,
    "waiting": 56789,
    "pace_per_minute": 600,
    "opens_at": None,
    "remaining_seats": 4321,
}
PLACE = {
    "token": "a" * 160,
    "status": "WAITING",
    "number": 58023,
    "ahead": 56788,
    "eta_seconds": {"low": 5400, "high": 6000},
    "poll_after_seconds": 30,
    "expires_at": None,
}


def constant(request):
    """A view of the public room's size that looks at nothing."""
    return JsonResponse(ROOM)


@csrf_exempt
def one_redis_call(request):
    """A view of a place's size that asks Redis once."""
    get_redis_connection("default").get("bench")
    return JsonResponse(PLACE)


urlpatterns = [
    path("api/v1/bench/constant", constant),
    path("api/v1/bench/one-redis-call", one_redis_call),
    *urls.urlpatterns,
]
