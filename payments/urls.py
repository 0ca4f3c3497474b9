from django.urls import path

from payments import views

urlpatterns = [
    path("points", views.Points.as_view(), name="points"),
    path("points/charges", views.Charges.as_view(), name="charge"),
]
