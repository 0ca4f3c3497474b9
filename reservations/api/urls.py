from django.urls import path

from reservations.api import catalogue, purchase

urlpatterns = [
    path("concerts", catalogue.Concerts.as_view()),
    path("concerts/popular", catalogue.PopularConcerts.as_view()),
    path("concerts/<uuid:pk>", catalogue.OneConcert.as_view()),
    path("concerts/<uuid:pk>/performances", catalogue.ConcertPerformances.as_view()),
    path("performances/<uuid:pk>/seating-plan", catalogue.SeatingPlan.as_view()),
    path("performances/<uuid:pk>/availability", catalogue.Availability.as_view()),
    path("reservations", purchase.Reservations.as_view()),
    path("reservations/<uuid:pk>", purchase.OneReservation.as_view()),
    path("reservations/<uuid:pk>/payment", purchase.Payment.as_view()),
    path("reservations/<uuid:pk>/cancellation", purchase.Cancellation.as_view()),
    path("reservations/<uuid:pk>/timeline", purchase.Timeline.as_view()),
    path("reservations/<uuid:pk>/ticket", purchase.Ticket.as_view()),
]
