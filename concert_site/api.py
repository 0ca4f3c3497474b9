"""The API's site map, and what of it needs more than one domain."""

from django.conf import settings
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from accounts.api.views import Pass
from api.problems import NotFound, json_response

OF_DOMAINS = {
    "queueing": "concert_site.waiting_rooms",
    "accounts": "accounts.api.urls",
    "reservations": "reservations.api.urls",
    "payments": "payments.api.urls",
}
v1 = [path("", include(urls)) for domain, urls in OF_DOMAINS.items() if domain in settings.DOMAINS]
if settings.ELSEWHERE and "accounts" in settings.DOMAINS:
    v1.append(path("sessions/current/pass", Pass.as_view()))


@csrf_exempt
def unknown(request, **kwargs):
    return json_response(NotFound())


urlpatterns = [
    path("v1/", include(v1)),
    path("schema/", SpectacularJSONAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="api-docs"),
    re_path("", unknown),
]
