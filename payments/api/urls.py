from django.urls import path

from payments.api import views

urlpatterns = [
    path("points", views.Points.as_view()),
    path("points/entries", views.Entries.as_view()),
    path("points/charges", views.Charges.as_view()),
]
