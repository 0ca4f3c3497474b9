"""The site map."""

from django.contrib import admin
from django.urls import include, path

from concert_site import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("api/", include("concert_site.api")),
    path("admin/", admin.site.urls),
]
