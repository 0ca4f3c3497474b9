"""E, O, X: what became of what was told."""

from datetime import timedelta

from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from concert_site.invariants.reading import Suspect, chunks, rows, suspects
from events import messages
from events.bus import authors, databases, home
from events.consumers import consumers
from events.ids import first_uuid7

# --- E -----------------------------------------------------------------------------------------------------------

MEMORY = timedelta(days=7)  # what is done is kept at least so long; an older event's rows may have been pruned
A_DAY = timedelta(days=1)  # more than any worker's clock is wrong: ids are made by those

# Of the authors' own events: a copy that came through a broker, or one that was edited, is for one consumer only.
# An event's deliveries are written with it, and an effect before its delivery is done: in this order of reading,
# nothing is missing that is only under way.
DONE_OR_MISSING = """
SELECT e.id, d.state FROM events_event e
  LEFT JOIN events_delivery d ON d.event_id = e.id AND d.consumer = %s
 WHERE e.id >= %s AND e.occurred_at >= now() - %s AND e.type = ANY(%s)
   AND (d.state = 'done' OR d.id IS NULL AND split_part(e.aggregate_type, '.', 1) = ANY(%s))
"""
NOT_IN_THIS_INBOX = """
   AND NOT EXISTS (SELECT 1 FROM events_inboxmessage i WHERE i.consumer = d.consumer AND i.event_id = e.id)
"""
# Had it to come through a broker, there is a delivery of its own where the effect is to be.
THERE = """
SELECT event_id FROM events_inboxmessage WHERE consumer = %s AND event_id = ANY(%s)
 UNION SELECT event_id FROM events_delivery WHERE consumer = %s AND event_id = ANY(%s) AND state <> 'done'
"""

WAITING_BEHIND_NOTHING = """
SELECT d.id, d.version, d.attempts FROM events_delivery d
 WHERE d.state IN ('waiting', 'parked') AND NOT EXISTS (
       SELECT 1 FROM events_delivery head
        WHERE head.consumer = d.consumer AND head.aggregate_type = d.aggregate_type
          AND head.aggregate_id = d.aggregate_id AND head.seq < d.seq
          AND head.state IN ('ready', 'leased', 'shelved', 'dead'))
"""


def lost_events():
    for using in databases():
        for consumer in consumers():
            yield from _lost_between(using, consumer)
        yield from suspects(using, f"{using}: delivery", _("waits behind nothing"), WAITING_BEHIND_NOTHING)


def _lost_between(using, consumer):
    types = [type for type in messages.LANGUAGE if consumer.listens_to(type)]
    inbox = home(consumer.home)
    sql = DONE_OR_MISSING + (NOT_IN_THIS_INBOX if inbox == using else "")
    oldest = first_uuid7(now() - MEMORY - A_DAY)
    for chunk in chunks(rows(using, sql, consumer.name, oldest, MEMORY, types, authors(using))):
        ids = [event[0] for event in chunk]
        effects = {id for (id,) in rows(inbox, THERE, consumer.name, ids, consumer.name, ids)}
        for id, state in chunk:
            if id not in effects:
                fault = _("its delivery is done without an effect") if state else _("neither effect nor delivery")
                yield Suspect(f"{using}: event {id} → {consumer.name}", fault)


# --- O -----------------------------------------------------------------------------------------------------------

OUT_OF_ORDER = """
SELECT id FROM (
    SELECT id, lag(id) OVER (PARTITION BY consumer, aggregate_id, aggregate_type ORDER BY seq) AS of_earlier_event
      FROM events_inboxmessage) AS lane
 WHERE of_earlier_event > id
"""
BEFORE_ITS_PREDECESSOR = """
SELECT i.id FROM events_inboxmessage i
  JOIN events_delivery d ON d.event_id = i.event_id AND d.consumer = i.consumer
  JOIN events_delivery before ON before.consumer = d.consumer AND before.aggregate_type = d.aggregate_type
   AND before.aggregate_id = d.aggregate_id AND before.seq = d.prev_seq
   AND before.state IN ('ready', 'leased', 'waiting', 'parked', 'shelved', 'dead')
"""
CURSOR_IS_BEHIND = """
SELECT i.id, c.seq FROM events_inboxmessage i
  LEFT JOIN events_lanecursor c
    ON c.consumer = i.consumer AND c.aggregate_type = i.aggregate_type AND c.aggregate_id = i.aggregate_id
 WHERE c.seq IS NULL OR c.seq < i.seq
"""


def effects_out_of_order():
    for using in databases():
        for fault, sql in [
            (_("took effect before an earlier event of its aggregate"), OUT_OF_ORDER),
            (_("took effect while its predecessor is still on its way"), BEFORE_ITS_PREDECESSOR),
            (_("its lane's cursor is behind it"), CURSOR_IS_BEHIND),
        ]:
            yield from suspects(using, f"{using}: inbox row", fault, sql)


# --- X -----------------------------------------------------------------------------------------------------------

SENT_TWICE = """
SELECT idempotency_key FROM reservations_syncattempt
 WHERE outcome = 'success' GROUP BY idempotency_key HAVING count(DISTINCT platform_id) > 1
"""
TWO_KEYS = "SELECT event_id FROM reservations_syncattempt GROUP BY event_id HAVING count(DISTINCT idempotency_key) > 1"


def doubled_abroad():
    using = home("reservations")
    yield from suspects(using, "idempotency key", _("more than one object at the platform"), SENT_TWICE)
    yield from suspects(using, "event", _("sent under more than one idempotency key"), TWO_KEYS)
