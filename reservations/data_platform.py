"""Outbound data sync: each confirmed and cancelled reservation, told to an external platform over HTTP."""

import hashlib
import json
import time

import httpx2
from django.conf import settings
from django.utils.timezone import now
from standardwebhooks.webhooks import Webhook

from events import context
from reservations.models import SyncAttempt

Outcome = SyncAttempt.Outcome


class SyncFailed(Exception):
    """The platform refused, or its answer is unknown.

    permanent: the same again would be refused again. outage: it would refuse anything just now, or is not there.
    """

    def __init__(self, message, *, permanent=False, outage=False, retry_after=None):
        super().__init__(message)
        self.permanent, self.outage, self.retry_after = permanent, outage, retry_after


def send(message, event):
    """Tell the platform, once per idempotency key, and record the attempt. Raises SyncFailed.

    Does nothing when no platform is configured.
    """
    if not settings.DATA_PLATFORM_URL:
        return
    body = json.dumps({"type": event.type, "occurred_at": event.occurred_at.isoformat(), **event.data}).encode()
    attempt = SyncAttempt(
        reservation_id=message.reservation_id,
        event_id=event.id,
        idempotency_key=f"{message.reservation_id}:{event.type}",
        request_hash=hashlib.sha256(body).hexdigest(),
    )
    started = time.monotonic()
    try:
        error = _post(attempt, body)
    finally:
        attempt.duration_ms = int((time.monotonic() - started) * 1000)
        attempt.save()
    if error:
        raise error


def _post(attempt, body):
    """Send it and write the outcome on the attempt; returns the error, if it is one."""
    try:
        response = httpx2.post(settings.DATA_PLATFORM_URL, content=body, headers=_headers(attempt, body), timeout=5)
    except httpx2.HTTPError as error:
        attempt.outcome, attempt.error = Outcome.UNKNOWN, f"{type(error).__name__}: {error}"
        return SyncFailed(attempt.error, outage=True)
    attempt.http_status = response.status_code
    if response.is_success:
        return _note_success(attempt, response)
    attempt.outcome, attempt.error = Outcome.FAILURE, response.text[:1000]
    busy = response.status_code in (408, 425, 429) or response.status_code >= 500
    return SyncFailed(
        f"HTTP {response.status_code}", permanent=not busy, outage=busy, retry_after=_retry_after(response)
    )


def _note_success(attempt, response):
    try:
        attempt.platform_id = str(response.json()["id"])[:100]
    except (ValueError, KeyError, TypeError):
        attempt.outcome, attempt.error = Outcome.UNKNOWN, "The answer has no id."
        return SyncFailed(attempt.error)
    attempt.outcome = Outcome.SUCCESS
    return None


def _headers(attempt, body):
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": attempt.idempotency_key,
        "traceparent": context.current().traceparent,
    }
    if settings.DATA_PLATFORM_SECRET:
        moment = now()
        headers |= {
            "webhook-id": attempt.idempotency_key,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(settings.DATA_PLATFORM_SECRET).sign(
                attempt.idempotency_key, moment, body.decode()
            ),
        }
    return headers


def _retry_after(response):
    value = response.headers.get("Retry-After", "")
    return min(int(value), 3600) if value.isdigit() else None
