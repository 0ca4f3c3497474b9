from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views

urlpatterns = [
    path("sign-up", views.SignUp.as_view(), name="sign-up"),
    path("sign-in", views.SignIn.as_view(), name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
    path("notifications", views.notifications, name="notifications"),
    path("notifications/read", views.read_notifications, name="read-notifications"),
    path("notifications/<uuid:pk>/read", views.read_notification, name="read-notification"),
    path("language", views.set_language, name="set-language"),
]
