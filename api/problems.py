"""Errors of the API as problem details (RFC 9457): a stable `code` for the client, a `trace_id` for the operator."""

from http import HTTPStatus

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response

from events import context

logger = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"


class Problem(exceptions.APIException):
    """An error with a code of its own. Further keywords become members of the answer's body."""

    def __init__(self, detail=None, *, code=None, retry_after=None, **extra):
        super().__init__(detail, code)
        self.code = code or self.default_code
        self.retry_after, self.extra = retry_after, extra


class BadRequest(Problem):
    status_code, default_code, default_detail = 400, "invalid", _("The request cannot be understood.")


class NotAuthenticated(Problem):
    status_code, default_code, default_detail = 401, "not_authenticated", _("Please sign in.")


class PaymentRequired(Problem):
    status_code, default_code, default_detail = 402, "insufficient_points", _("You do not have enough points.")


class Forbidden(Problem):
    status_code, default_code, default_detail = 403, "permission_denied", _("You may not do this.")


class NotFound(Problem):
    status_code, default_code, default_detail = 404, "not_found", _("There is nothing here.")


class Conflict(Problem):
    status_code, default_code, default_detail = 409, "conflict", _("This can't be done now.")


class TooLarge(Problem):
    status_code, default_code, default_detail = 413, "too_large", _("The request is too large.")


class Unprocessable(Problem):
    status_code, default_code, default_detail = 422, "unprocessable", _("This can't be done.")


class Unavailable(Problem):
    status_code, default_code, default_detail = 503, "unavailable", _("Please try again in a moment.")


class ServerError(Problem):
    status_code, default_code = 500, "server_error"
    default_detail = _("Something went wrong on our side. Please try again; support can find it by the trace id.")


# What Django and DRF raise by themselves. Problem is looked for first.
KNOWN = [
    (Http404, lambda e: NotFound()),
    (exceptions.NotFound, lambda e: NotFound()),
    (PermissionDenied, lambda e: Forbidden()),
    (exceptions.ValidationError, lambda e: BadRequest(_("Some fields are not right."), errors=e.detail)),
    (exceptions.NotAuthenticated, lambda e: NotAuthenticated()),
    (exceptions.AuthenticationFailed, lambda e: NotAuthenticated(e.detail)),
    (exceptions.PermissionDenied, lambda e: Forbidden(e.detail)),
    (exceptions.ParseError, lambda e: BadRequest(e.detail)),
    (RequestDataTooBig, lambda e: TooLarge()),
    (SuspiciousOperation, lambda e: BadRequest()),
]
AWAY = (OperationalError, InterfaceError, RedisError)  # a server that can't be reached, or that is busy
CODES = {400: "invalid", 403: "permission_denied", 404: "not_found", 405: "method_not_allowed", 500: "server_error"}


def handle(error, view_context):
    """DRF's exception handler: whatever is raised below /api/ leaves as a problem, never as HTML or a stack."""
    response = response_to(of_error(error))
    if "WWW-Authenticate" not in response and response.status_code == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def response_to(problem) -> Response:
    return Response(body_of(problem), status=problem.status_code, headers=_headers(problem), content_type=MEDIA_TYPE)


def body_of(problem) -> dict:
    return {
        "type": "about:blank",
        "title": HTTPStatus(problem.status_code).phrase,
        "status": problem.status_code,
        "detail": problem.detail,
        "code": problem.code,
        "trace_id": context.current().trace_id,
        **problem.extra,
    }


def json_response(problem) -> JsonResponse:
    """The same for places outside DRF's views, such as unknown URLs."""
    body = body_of(problem) | {"detail": str(problem.detail)}
    return JsonResponse(body, status=problem.status_code, headers=_headers(problem), content_type=MEDIA_TYPE)


def of_status(status) -> Problem:
    """What is left to say when only the status of an answer is known."""
    phrase = HTTPStatus(status).phrase
    problem = Problem(phrase, code=CODES.get(status, phrase.lower().replace(" ", "_")))
    problem.status_code = status
    return problem


def of_error(error) -> Problem:
    if isinstance(error, Problem):
        return error
    for kind, translate in KNOWN:
        if isinstance(error, kind):
            return translate(error)
    if isinstance(error, exceptions.Throttled):
        return _refusal(error, code="throttled", retry_after=max(1, int(error.wait or 1)))
    if isinstance(error, exceptions.APIException):
        return _refusal(error, code=error.default_code)
    logger.error("request_failed", exc_info=error)
    return Unavailable(retry_after=2) if isinstance(error, AWAY) else ServerError()


def _refusal(error, **members) -> Problem:
    problem = Problem(error.detail, **members)
    problem.status_code = error.status_code
    return problem


def _headers(problem) -> dict:
    return {"Retry-After": str(problem.retry_after)} if problem.retry_after else {}
