"""Forget what is over and old, in chunks of a statement each, so that nobody waits for it.

Only what nothing unfinished may need: no delivery whose lane has one, no event of a story that has one. Cursors stay,
so what is forgotten still takes effect once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connections

from events.clock import database_now
from events.ids import first_uuid7
from events.models.lanes import UNFINISHED

CHUNK = 1000

DELIVERIES = f"""
  FROM events_delivery d
 WHERE d.id > %(after)s AND d.id < %(bound)s
   AND (d.state = 'done' AND d.done_at < %(cutoff)s OR d.state = 'discarded')
   AND NOT EXISTS (SELECT 1 FROM events_delivery other
                    WHERE other.consumer = d.consumer AND other.aggregate_type = d.aggregate_type
                      AND other.aggregate_id = d.aggregate_id AND other.state IN {UNFINISHED})
"""  # noqa: S608
EVENTS = f"""
  FROM events_event d
 WHERE d.id > %(after)s AND d.id < %(bound)s
   AND NOT EXISTS (SELECT 1 FROM events_delivery own WHERE own.event_id = d.id)
   AND NOT EXISTS (SELECT 1 FROM events_delivery other
                    WHERE other.correlation_id = d.correlation_id AND other.state IN {UNFINISHED})
"""  # noqa: S608
INBOX = "FROM events_inboxmessage d WHERE d.id > %(after)s AND d.id < %(bound)s AND d.at < %(cutoff)s"
FIRST_YOUNG = "SELECT min(id) FROM events_inboxmessage WHERE at >= %s"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is forgotten, after so many days. Ids grow with time, so `bound` is where the young ones begin."""

    name: str
    table: str
    setting: str
    old: str
    start: object
    bound: Callable


def prune(*, using, now=None, dry_run=False, chunk=CHUNK):
    """Yields (kind's name, rows gone) for each chunk; as a dry run (name, rows that would go now) for each kind."""
    for kind in KINDS:
        cutoff = (now or database_now(using)) - timedelta(days=getattr(settings, kind.setting))
        arguments = {"after": kind.start, "bound": kind.bound(using, cutoff), "cutoff": cutoff, "chunk": chunk}
        with connections[using].cursor() as cursor:
            if dry_run:
                cursor.execute(f"SELECT count(*) {kind.old}", arguments)
                yield kind.name, cursor.fetchone()[0]
            else:
                yield from _chunks(cursor, kind, arguments)


def _chunks(cursor, kind, arguments):
    """Each goes on where the one before it ended: what has to stay is looked at once."""
    statement = f"""
        DELETE FROM {kind.table} WHERE id IN (
            SELECT d.id {kind.old} ORDER BY d.id LIMIT %(chunk)s FOR UPDATE OF d SKIP LOCKED) RETURNING id
    """  # noqa: S608
    gone = None
    while gone is None or len(gone) == arguments["chunk"]:
        cursor.execute(statement, arguments)
        gone = [id for (id,) in cursor.fetchall()]
        if gone:
            arguments |= {"after": max(gone)}
            yield kind.name, len(gone)


def _first_id(using, cutoff):
    return first_uuid7(cutoff)


def _first_young_row(using, cutoff):
    with connections[using].cursor() as cursor:
        cursor.execute(FIRST_YOUNG, [cutoff])
        return cursor.fetchone()[0] or 2**63 - 1


KINDS = [
    Kind(
        name="deliveries", table="events_delivery", setting="DELIVERIES_KEPT_DAYS", old=DELIVERIES,
        start=UUID(int=0), bound=_first_id,
    ),
    Kind(
        name="events", table="events_event", setting="EVENTS_KEPT_DAYS", old=EVENTS,
        start=UUID(int=0), bound=_first_id,
    ),
    Kind(
        name="inbox rows", table="events_inboxmessage", setting="INBOX_KEPT_DAYS", old=INBOX,
        start=0, bound=_first_young_row,
    ),
]  # fmt: skip
