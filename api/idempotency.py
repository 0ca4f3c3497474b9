"""Same key, same request: the same answer, however often it is sent."""

import functools
import hashlib
import json

from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from api.problems import MEDIA_TYPE, BadRequest, Conflict, Unprocessable
from events import bus
from events.models import IdempotentRequest

NOT_STORED = {202, 429}  # and 5xx: a repeat answers with the state of then


def idempotent(*, home, required=False):
    """Of a DRF view's method: run it once per account and Idempotency-Key. `home` is a model of the database it writes.

    A crash in between frees the key after a 30 s lease; the verb must then find its own earlier result by the key.
    """

    def decorate(method):
        @functools.wraps(method)
        def answer(view, request, *args, **kwargs):
            key = _key_of(request, required=required)
            if key is None:
                return method(view, request, *args, **kwargs)
            earlier, mine = IdempotentRequest.claim(
                using=bus.home(home), account_id=request.user.pk, key=key, fingerprint=_fingerprint(request)
            )
            if not mine:
                return _replay(earlier, fingerprint=_fingerprint(request))
            return _run(earlier, view, functools.partial(method, view, request, *args, **kwargs))

        return answer

    return decorate


def _key_of(request, *, required):
    key = request.headers.get("Idempotency-Key")
    if not key and required:
        raise BadRequest(
            _("Send a header Idempotency-Key, a new UUID for each purchase."), code="idempotency_key_required"
        )
    if key is not None and (not 1 <= len(key) <= 255 or not key.isprintable()):
        raise BadRequest(_("The Idempotency-Key must have 1 to 255 printable characters."))
    return key


def _fingerprint(request) -> str:
    body = json.dumps(request.data, sort_keys=True)
    return hashlib.sha256(f"{request.method} {request.path} {body}".encode()).hexdigest()


def _replay(earlier, *, fingerprint):
    if earlier.fingerprint != fingerprint:
        raise Unprocessable(
            _("This Idempotency-Key came with another request before. Take a new one."), code="idempotency_key_reused"
        )
    if earlier.status is None:
        raise Conflict(
            _("The first request with this key is still running."), code="request_in_progress", retry_after=1
        )
    kind = MEDIA_TYPE if earlier.status >= 400 else None
    return Response(earlier.body, status=earlier.status, headers={"Idempotency-Replayed": "true"}, content_type=kind)


def _run(request, view, method):
    try:
        response = method()
    except Exception as error:
        response = view.handle_exception(error)
    if response.status_code in NOT_STORED or response.status_code >= 500:
        request.release()
    else:
        request.answer(status=response.status_code, body=json.loads(JSONRenderer().render(response.data) or "null"))
    return response
