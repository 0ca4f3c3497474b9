"""Letters as CSV for a spreadsheet."""

import json
import re

import structlog
from django.http import StreamingHttpResponse

from events.csv_lines import csv_lines

logger = structlog.get_logger(__name__)
CHUNK = 500
COLUMNS = [
    "delivery", "state", "consumer", "event", "type", "aggregate_type", "aggregate_id", "seq", "said_at", "failed_at",
    "attempts", "fault", "error", "correlation_id", "trace_id", "message",
]  # fmt: skip
SECRET = re.compile("token|secret|password|passwd|authori[sz]ation|cookie|signature|credential|api_?key", re.IGNORECASE)
HIDDEN = "…"


def as_csv(letters, *, by):
    """An answer that streams them. Values whose names sound like secrets are left out, wherever they are nested."""
    logger.info("letters_exported", by=by.get_username())
    answer = StreamingHttpResponse(csv_lines(COLUMNS, _cells(letters)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="dead-letters.csv"'
    return answer


def _cells(letters):
    last = None
    while batch := _after(letters, last):
        last = batch[-1].pk
        yield from map(_row, batch)


def _after(letters, last):
    rows = letters.select_related("event").order_by("id")
    return list((rows.filter(pk__gt=last) if last else rows)[:CHUNK])


def _row(letter):
    event = letter.event
    message = json.dumps(without_secrets(event.data), ensure_ascii=False)
    return [
        letter.pk, letter.state, letter.consumer, event.pk, event.type, letter.aggregate_type, letter.aggregate_id,
        letter.seq, event.occurred_at.isoformat(), letter.failed_at and letter.failed_at.isoformat(), letter.attempts,
        letter.fingerprint, letter.last_error.strip().rpartition("\n")[2], letter.correlation_id,
        event.trace_id, message,
    ]  # fmt: skip


def without_secrets(value):
    if isinstance(value, dict):
        return {name: HIDDEN if SECRET.search(name) else without_secrets(part) for name, part in value.items()}
    return [without_secrets(part) for part in value] if isinstance(value, list) else value
