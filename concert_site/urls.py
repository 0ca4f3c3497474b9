"""The site map."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from concert_site import health, pages

handler500 = "concert_site.error_pages.server_error"

PAGES = [
    path("", include("reservations.urls")),
    path("concerts/<uuid:pk>", pages.concert, name="concert"),
    path("concerts/<uuid:concert>/waiting-room", pages.WaitingRoom.as_view(), name="waiting-room"),
    path("concerts/<uuid:concert>/waiting-room/leave", pages.LeavingTheRoom.as_view(), name="leave-room"),
    path("concerts/<uuid:concert>/waiting-room/fairness", pages.FairnessOfTheDraw.as_view(), name="fairness"),
    path("performances/<uuid:pk>", pages.performance, name="performance"),
    path("performances/<uuid:pk>/list", pages.seat_list, name="seat-list"),
    path("reservations/<uuid:pk>/checkout", pages.checkout, name="checkout"),
    path("", include("payments.urls")),
    path("", include("accounts.urls")),
]
OF_THE_PROCESS = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]
CONSOLE = [path("admin/", admin.site.urls)]

# Pages need several domains at once, the console needs accounts and looks into the others.
urlpatterns = [
    path("api/", include("concert_site.api")),  # first, and in it the waiting rooms: nothing is asked as often
    *([] if settings.ELSEWHERE else PAGES),
    *OF_THE_PROCESS,
    *(CONSOLE if "accounts" in settings.DOMAINS else []),
]
