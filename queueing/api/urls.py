from django.urls import path

from queueing.api import views

urlpatterns = [
    path("waiting-rooms/<uuid:concert>", views.RoomView.as_view(), name="waiting-room"),
    path("waiting-rooms/<uuid:concert>/place", views.PlaceView.as_view(), name="waiting-room-place"),
]
