"""Every request is part of a trace and done by somebody; and Django's middleware where polls can have it cheaper."""

from functools import lru_cache
from types import SimpleNamespace

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.messages.middleware import MessageMiddleware
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property

from events import context, spans

API = "/api/"
JSON = "/api/v1/"


class TraceMiddleware:
    """Go on with the caller's W3C traceparent, or start a trace; the answer tells its id."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.META.get("HTTP_TRACEPARENT")
        acting = context.acting(actor="anonymous", traceparent=given or context.new_traceparent())
        with acting, spans.span(request.method, root=not given, **{"url.path": request.path}) as span:
            response = self.get_response(request)
            response["Trace-Id"] = context.current().trace_id
            if span and request.resolver_match:
                span.update_name(f"{request.method} /{request.resolver_match.route}")
            return response


class ActorMiddleware:
    """Who acts on a page, by the browser's session. The API's authentication says it there."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        of_api = request.path.startswith(API)  # where asking would make public answers depend on cookies
        if not of_api and request.user.is_authenticated:
            context.become(f"fan:{request.user.pk}")
        return self.get_response(request)


class PolicyMiddleware(CSPMiddleware):
    """django-csp's; the policy of JSON, in which nothing asks for another one, is put together once."""

    def process_response(self, request, response):
        if not request.path_info.startswith(JSON):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self._policy)
        return response

    @cached_property
    def _policy(self):
        return build_policy()


class LanguageMiddleware(LocaleMiddleware):
    """Django's, for a site whose addresses name no language; who wants the same gets it without being parsed anew."""

    def process_request(self, request):
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        translation.activate(_language(chosen[:20], request.META.get("HTTP_ACCEPT_LANGUAGE", "")[:500]))
        request.LANGUAGE_CODE = translation.get_language()

    def process_response(self, request, response):
        patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", translation.get_language())
        return response


@lru_cache(maxsize=1000)
def _language(chosen, accepted):
    cookies = {settings.LANGUAGE_COOKIE_NAME: chosen} if chosen else {}
    return translation.get_language_from_request(
        SimpleNamespace(COOKIES=cookies, META={"HTTP_ACCEPT_LANGUAGE": accepted})
    )


class PageMessagesMiddleware(MessageMiddleware):
    """Django's; the API tells nobody anything on the next page."""

    def __call__(self, request):
        return self.get_response(request) if request.path_info.startswith(API) else super().__call__(request)
