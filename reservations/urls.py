"""The pages that need no other domain; those that do are in concert_site/urls.py."""

from django.urls import path

from reservations import views

urlpatterns = [
    path("", views.concerts, name="concerts"),
    path("performances/<uuid:pk>/hold", views.hold, name="hold"),
    path("reservations", views.reservations, name="reservations"),
    path("reservations/<uuid:pk>", views.reservation, name="reservation"),
    path("reservations/<uuid:pk>/payment", views.pay, name="pay"),
    path("reservations/<uuid:pk>/release", views.release, name="release"),
    path("reservations/<uuid:pk>/cancellation", views.cancel, name="cancel"),
    path("reservations/<uuid:pk>/ticket.svg", views.ticket, name="ticket"),
]
