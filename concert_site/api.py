"""The API's site map, and what of it needs more than one domain."""

from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from api.problems import NotFound, json_response

v1 = [
    path("", include("accounts.api.urls")),
    path("", include("reservations.api.urls")),
    path("", include("concert_site.waiting_rooms")),
    path("", include("payments.api.urls")),
]


@csrf_exempt
def unknown(request, **kwargs):
    return json_response(NotFound())


urlpatterns = [
    path("schema/", SpectacularJSONAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="api-docs"),
    path("v1/", include(v1)),
    re_path("", unknown),
]
