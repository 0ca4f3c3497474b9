from django.urls import path

from accounts.api import views

urlpatterns = [
    path("accounts", views.Accounts.as_view()),
    path("sessions", views.Sessions.as_view()),
    path("sessions/current", views.CurrentSession.as_view()),
    path("me", views.Me.as_view()),
]
