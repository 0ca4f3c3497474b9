from django.urls import path

from queueing.api import views
from queueing.api.challenge import ChallengeView
from queueing.api.draw import DrawView

urlpatterns = [
    path("waiting-rooms/<uuid:concert>", views.RoomView.as_view(), name="waiting-room"),
    path("waiting-rooms/<uuid:concert>/place", views.PlaceView.as_view(), name="waiting-room-place"),
    path("waiting-rooms/<uuid:concert>/challenge", ChallengeView.as_view(), name="waiting-room-challenge"),
    path("waiting-rooms/<uuid:concert>/draw", DrawView.as_view(), name="waiting-room-draw"),
]
