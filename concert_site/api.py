"""The API's site map, and what of it needs more than one domain."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from api.problems import NotFound, json_response

v1 = [
    path("", include("accounts.api.urls")),
    path("", include("reservations.api.urls")),
    path("", include("concert_site.waiting_rooms")),
    path("", include("payments.api.urls")),
]


def unknown(request, **kwargs):
    return json_response(NotFound())


urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="api-docs"),
    path("v1/", include(v1)),
    re_path("", unknown),
]
