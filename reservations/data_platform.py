"""Outbound data sync: each confirmed and cancelled reservation, told to an external platform over HTTP.

Success, refusal, or unknown: what is unknown is asked for by its idempotency key before anything else is said of that
reservation. docs/data-platform.md has the contract with the platform.
"""

import hashlib
import json
import time
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from django.conf import settings

from reservations.models import SyncAttempt
from reservations.signed_calls import call

LONGEST_WAIT = 3600  # seconds that a Retry-After is believed
BUSY = (408, 425, 429, 503)  # it did nothing, and would take the same later
Outcome = SyncAttempt.Outcome


class SyncFailed(Exception):
    """The platform could not be told. What each kind says of it, `events.outages` and `Delivery.fail` go by."""

    permanent = outage = False


class PlatformAway(SyncFailed):
    """It would take nothing just now, or is not there."""

    outage = True

    def __init__(self, message, *, retry_after=None):
        super().__init__(message)
        self.retry_after = retry_after


class PlatformRefused(SyncFailed):
    """It would refuse the same again."""

    permanent = True


class KeyTaken(SyncFailed):
    """It has something else under this key, and keeps it."""

    permanent = True


class OutcomeUnknown(SyncFailed):
    """It answered, but not whether it has it."""


def send(message, event):
    """Tell the platform, once per idempotency key, and record each attempt. Raises SyncFailed.

    Does nothing when no platform is configured.
    """
    if not settings.DATA_PLATFORM_URL:
        return
    body = json.dumps({"type": event.type, "occurred_at": event.occurred_at.isoformat(), **event.data}, sort_keys=True)
    about = {
        "reservation_id": message.reservation_id,
        "event_id": event.id,
        "idempotency_key": f"{message.reservation_id}:{event.type}",
        "request_hash": hashlib.sha256(body.encode()).hexdigest(),
    }
    if not _has_it_already(about):
        _tell(about, body)


def _has_it_already(about) -> bool:
    """Clear up what is unknown about the reservation, of earlier events too: this one may be the undoing of those."""
    found = False
    for unknown in SyncAttempt.objects.unresolved(about["reservation_id"]):
        if unknown.idempotency_key == about["idempotency_key"]:
            found = _ask(about)
        else:
            _ask(unknown.about)
    return found


def _tell(about, body):
    attempt, answer = _attempt(about, "POST", settings.DATA_PLATFORM_URL, body=body)
    if answer.status == 409:  # the same is there, or something else, or is just being taken in
        attempt.close(Outcome.UNKNOWN, error=_refusal(answer))
        if not _ask(about):
            raise OutcomeUnknown("The platform is at work on this key.")
    elif 200 <= (answer.status or 0) < 300:
        _note_taken(attempt, answer)
    else:
        definite = not answer.sent or (answer.status or 500) < 500 or answer.status in BUSY
        error = _failed(answer)
        attempt.close(Outcome.FAILURE if definite else Outcome.UNKNOWN, error=error)
        raise error


def _ask(about) -> bool:
    """Whether the platform has it. Raises SyncFailed where it does not say, KeyTaken where it has something else."""
    address = f"{settings.DATA_PLATFORM_URL}/{quote(about['idempotency_key'], safe='')}"
    attempt, answer = _attempt(about, "GET", address)
    if answer.status == 404:
        attempt.close(Outcome.ABSENT)
        return False
    if answer.status == 200:
        _note_taken(attempt, answer)
        return True
    error = _failed(answer)
    attempt.close(Outcome.UNKNOWN, error=error)
    raise error


def _attempt(about, method, url, **content):
    """Call, on record from before: of a process that dies in the middle it stays behind that the outcome is unknown."""
    attempt = SyncAttempt.objects.create(**about, method=method)
    started = time.monotonic()
    answer = call(method, url, key=about["idempotency_key"], **content)
    attempt.http_status, attempt.duration_ms = answer.status, int((time.monotonic() - started) * 1000)
    return attempt, answer


def _note_taken(attempt, answer):
    """It says under which id it has it; and, if it likes, of what content."""
    try:
        said = json.loads(answer.body)
        attempt.platform_id, content = str(said["id"])[:100], said.get("request_hash", attempt.request_hash)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        error = OutcomeUnknown(answer.trouble or f"HTTP {answer.status} without an id: {_beginning(answer)}")
        attempt.close(Outcome.UNKNOWN, error=error)
        raise error from None
    if content != attempt.request_hash:
        error = KeyTaken("The platform has something else under this key.")
        attempt.close(Outcome.FAILURE, error=error)
        raise error
    attempt.close(Outcome.SUCCESS)


def _failed(answer) -> SyncFailed:
    if answer.status is None:
        return PlatformAway(answer.trouble)
    if answer.status in BUSY or answer.status >= 500:
        return PlatformAway(_refusal(answer), retry_after=_retry_after(answer.headers))
    return PlatformRefused(_refusal(answer))


def _refusal(answer):
    if 300 <= answer.status < 400:
        return f"HTTP {answer.status} to {answer.headers.get('Location', '')[:500]}: redirects are not followed."
    return f"HTTP {answer.status}: {_beginning(answer)}"


def _beginning(answer):
    return answer.trouble or answer.body[:500].decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _retry_after(headers):
    """In how many seconds it wants to be asked again; None where it does not say, or nothing to go by."""
    said = headers.get("Retry-After", "")
    seconds = int(said) if said.isdecimal() and len(said) < 10 else _seconds_until(said, since=headers.get("Date"))
    return min(seconds, LONGEST_WAIT) if seconds > 0 else None


def _seconds_until(moment, *, since) -> int:
    """Between two moments of the platform's clock, so that ours may be wrong."""
    try:
        return int((parsedate_to_datetime(moment) - parsedate_to_datetime(since)).total_seconds())
    except (TypeError, ValueError, OverflowError):  # no dates, or one without a time zone
        return 0
