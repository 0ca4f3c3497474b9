"""Claims and relays of `bench.events`. To be imported once Django is set up."""

import statistics
from uuid import uuid4

from bench.database import execute, timed
from events.consumers import Consumer
from events.messages import ReservationHeld
from events.models import Delivery, Event, lanes
from events.models.delivery import _columns
from events.models.inbox_message import NOTE
from events.relay import deliver_round

FOLLOWERS, LANES, BACKLOG, BATCH, TIMES = 100_000, 10_000, 1_000, 100, 15
EVENTS = """
INSERT INTO events_event (id, aggregate_type, aggregate_id, seq, type, data, correlation_id, actor, traceparent)
SELECT gen_random_uuid(), 'bench.Noun', {aggregate}, n + %(first)s, 'ReservationHeld', %(data)s, %(story)s, 'bench',
       '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  FROM generate_series(1, %(count)s) AS n
"""
DELIVERIES = """
INSERT INTO events_delivery (id, event_id, consumer, aggregate_type, aggregate_id, seq, correlation_id, state, attempts,
                             available_at, last_error, fingerprint, version, done_at)
SELECT gen_random_uuid(), e.id, 'bench', e.aggregate_type, e.aggregate_id, e.seq, e.correlation_id,
       CASE WHEN e.seq = 1 THEN %(head)s ELSE %(others)s END, 0,
       now() + CASE WHEN %(head)s = 'ready' AND e.seq = 1 AND %(later)s THEN interval '1 h' ELSE interval '0' END,
       '', '', 0, CASE WHEN %(others)s = 'done' THEN now() END
  FROM events_event e WHERE e.correlation_id = %(story)s
"""
DATA = """{"reservation_id": "01a20f71-83f8-749a-a251-61f373524195", "user_id": "01a20f71-83f8-749a-a251-61f373524195",
"concert_id": "01a20f71-83f8-749a-a251-61f373524195", "performance_id": "01a20f71-83f8-749a-a251-61f373524195",
"amount": 100000, "held_until": "2026-11-24T20:00:00+09:00", "seats": ["Floor A 1", "Floor A 2"]}"""


def lay_out(count, *, one_lane=False, head="ready", others="ready", later=False):
    """Deliveries to the consumer `bench`: of one lane, or of as many."""
    aggregate = "'01a20f71-83f8-749a-a251-61f373524195'" if one_lane else "gen_random_uuid()"
    first = 0 if one_lane else 1
    story = uuid4()
    sql = EVENTS.format(aggregate=aggregate)
    execute(
        sql if one_lane else sql.replace("n + %(first)s", "%(first)s"), first=first, data=DATA, story=story, count=count
    )
    execute(DELIVERIES, story=story, head=head, others=others, later=later)


def clear():
    execute("TRUNCATE events_event, events_delivery, events_inboxmessage, events_lanecursor")
    execute("VACUUM ANALYZE events_delivery")


# --- Claim -------------------------------------------------------------------------------------------------------


def claims():
    claim_time()  # to warm up
    alone = claim_time()
    yield "claim, 100,000 behind a dead head", claim_time(one_lane=True, head="dead", others="parked") / alone, "< 2"
    yield "claim, 100,000 behind a retried one", claim_time(one_lane=True, others="waiting", later=True) / alone, "< 2"
    yield "claim, 100,000 done", claim_time(head="done", others="done", one_lane=True) / alone, "< 2"


def claim_time(**held):
    """Median of a claim of 100 heads, given back after each."""
    clear()
    if held:
        lay_out(FOLLOWERS, **held)
    lay_out(LANES)
    execute("VACUUM ANALYZE events_delivery")
    return statistics.median(timed(claimed) + given_back() for _ in range(TIMES))


def claimed():
    assert len(Delivery.claim(using="default", consumers=["bench"], limit=BATCH)) == BATCH


def given_back() -> int:
    """Takes no time that counts."""
    execute(
        "UPDATE events_delivery SET state = 'ready', lease_token = NULL, available_at = now() WHERE state = 'leased'"
    )
    return 0


# --- Relay -------------------------------------------------------------------------------------------------------


def relays():
    """Backlogs of BACKLOG lanes, one by each in turn, so that whatever else the machine does hits all alike."""
    clear()
    times = {each: [] for each in (bare, naive, noted, batched, one_by_one)}
    for _ in range(TIMES):
        for each, taken in times.items():
            lay_out(BACKLOG)
            execute("VACUUM ANALYZE events_delivery, events_event")
            taken.append(timed(each))
            assert not execute("SELECT FROM events_delivery WHERE state <> 'done'")
    took = {each: statistics.median(taken) for each, taken in times.items()}
    yield "relay, to claim and finish", took[bare] / took[batched], "≥ 0.6"
    yield "relay, to that with inbox and cursor", took[noted] / took[batched], ""
    yield "relay, to a loop without lanes and leases", took[naive] / took[batched], ""
    yield "relay one by one, to claim and finish", took[bare] / took[one_by_one], ""


def batched():
    relay_all(batched=True)


def one_by_one():
    relay_all(batched=False)


def relay_all(**options):
    """Claimed, taken effect, finished: all of it, by the code of the relay."""
    consumer = Consumer("bench", home="reservations", **options)
    consumer.on(ReservationHeld)(lambda message, event: None)
    while deliver_round(using="default", consumers=["bench"], limit=BATCH):
        pass
    consumer.leave()


def bare():
    while bare_batch():
        pass


def noted():
    while bare_batch(inbox=True):
        pass


def naive():
    while naive_batch():
        pass


def bare_batch(*, inbox=False) -> int:
    """The relay's own statements, no more: claim the heads of lanes under a lease, finish what is still ours."""
    token, claim = uuid4(), lanes.CLAIM.format(columns=_columns(Delivery, Event), story="")
    rows = execute(claim, consumers=["bench"], states=lanes.STATES[False], limit=BATCH, token=token, lease=30)
    if inbox and rows:
        note(rows)
    if rows:
        execute(lanes.FINISH + lanes.WAKE, ids=[row[0] for row in rows], token=token)
    return len(rows)


def note(rows):
    at = [field.attname for field in Delivery._meta.concrete_fields].index
    columns = {"aggregates": "aggregate_id", "types": "aggregate_type", "seqs": "seq", "prevs": "prev_seq"}
    told = {name: [row[at(column)] for row in rows] for name, column in columns.items()}
    execute(NOTE, consumer="bench", events=[row[at("event_id")] for row in rows], **told)


NAIVE = """
SELECT d.id, e.id, e.type, e.data FROM events_delivery d JOIN events_event e ON e.id = d.event_id
 WHERE d.consumer = 'bench' AND d.state = 'ready' AND d.available_at <= now()
 ORDER BY d.available_at LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED
"""


def naive_batch() -> int:
    """Lock a batch of whatever is due, mark it done, commit once: no order, no lease, no trace of who died."""
    execute("BEGIN")
    rows = execute(NAIVE, limit=BATCH)
    done = "UPDATE events_delivery SET state = 'done', done_at = now() WHERE id = ANY(%(ids)s)"
    execute(done, ids=[row[0] for row in rows])
    execute("COMMIT")
    return len(rows)
