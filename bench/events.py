"""What events cost, each beside the bare SQL for the same: python -m bench.events [RUNS]

On a PostgreSQL of its own with fsync, or the empty database at DATABASE_URL; one process, one thread, all domains in
one database. Ratios of one run, medians of RUNS (3); times are of this machine at that moment and compare with nothing.

claim           100 heads of other lanes: with a lane of 100,000 behind a dead head, or behind one that is tried again,
                or with 100,000 deliveries done; each to the same claim without them
relay           5,000 lanes of one event, batches of 100, a handler that does nothing: events a second of claim, cursor,
                inbox and finish, to the bare loop of the claim's and the finish's statement alone, and to that loop
                with the inbox's statement, which no consumer can do without
publish         its share of a hold's transaction, as an addition to the rest
purchase        submit to CONFIRMED with push (claims, effects, finishes, the waiting room's Redis), to the SQL of its
                transactions alone, recorded once and sent again with other ids
"""

import os
import shutil
import statistics
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

FOLLOWERS, LANES, BATCH, TIMES = 100_000, 5_000, 100, 15
EVENTS = """
INSERT INTO events_event (id, aggregate_type, aggregate_id, seq, type, data, correlation_id, actor, traceparent)
SELECT gen_random_uuid(), 'bench.Noun', {aggregate}, n + %(first)s, 'ReservationHeld', %(data)s, %(story)s, 'bench', ''
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


@contextmanager
def database():
    """Django set up on migrated servers."""
    from local_stack.environment import environment
    from local_stack.servers import Servers, temporary_directory

    directory = Path(temporary_directory())
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        given = os.environ.get("DATABASE_URL", "")
        servers = stack.enter_context(Servers(directory, user="a benchmark", database_url=given))
        os.environ.update(environment(servers) | SETTINGS)
        import django

        django.setup()
        from local_stack.prepare import migrate

        migrate()
        yield


SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "concert_site.settings",
    "RATE_LIMITS": "off",
    "DEMO": "off",
    "LOG_LEVEL": "ERROR",
    "EMAIL_URL": "dummymail://",
    "ALLOWED_HOSTS": "testserver",
}


def execute(sql, **arguments):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.fetchall() if cursor.description else []


def timed(action) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


# --- Claim, relay ------------------------------------------------------------------------------------------------


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


def claim_time(**held):
    """Median of a claim of 100 heads, given back after each."""
    clear()
    if held:
        lay_out(FOLLOWERS, **held)
    lay_out(LANES)
    execute("VACUUM ANALYZE events_delivery")
    return statistics.median(timed(claimed) + given_back() for _ in range(TIMES))


def claimed():
    from events.models import Delivery

    assert len(Delivery.claim(using="default", consumers=["bench"], limit=BATCH)) == BATCH


def given_back() -> int:
    """Takes no time that counts."""
    execute(
        "UPDATE events_delivery SET state = 'ready', lease_token = NULL, available_at = now() WHERE state = 'leased'"
    )
    return 0


def claims():
    claim_time()  # to warm up
    alone = claim_time()
    yield "claim, 100,000 behind a dead head", claim_time(one_lane=True, head="dead", others="parked") / alone, "< 2"
    yield "claim, 100,000 behind a retried one", claim_time(one_lane=True, others="waiting", later=True) / alone, "< 2"
    yield "claim, 100,000 done", claim_time(head="done", others="done", one_lane=True) / alone, "< 2"


def relays():
    from events.consumers import Consumer
    from events.messages import ReservationHeld

    bare, noted = LANES / fresh(bare_loop), LANES / fresh(bare_loop_with_inbox)
    for words, batched in [("relay, batched", True), ("relay, one by one", False)]:
        consumer = Consumer("bench", home="reservations", batched=batched)
        consumer.on(ReservationHeld)(lambda message, event: None)
        speed = LANES / fresh(relayed)
        yield f"{words}, to claim and finish", speed / bare, "≥ 0.6" if batched else ""
        yield f"{words}, to that with the inbox", speed / noted, ""
        consumer.leave()


def fresh(action):
    clear()
    lay_out(LANES)
    execute("VACUUM ANALYZE events_delivery")
    return timed(action)


def relayed():
    from events.relay import deliver_batch

    while deliver_batch(using="default", consumers=["bench"], limit=BATCH):
        pass


def bare_loop_with_inbox():
    bare_loop(inbox=True)


def bare_loop(*, inbox=False):
    from events.models import Delivery, Event, lanes
    from events.models.delivery import _columns

    sql = lanes.CLAIM.format(columns=_columns(Delivery, Event), story="")
    while True:
        token = uuid4()
        rows = execute(sql, consumers=["bench"], states=lanes.STATES[False], limit=BATCH, token=token, lease=30)
        if not rows:
            return
        if inbox:
            note(rows)
        execute(lanes.FINISH + lanes.WAKE, ids=[row[0] for row in rows], token=token)


def note(rows):
    from events.models import Delivery
    from events.models.inbox_message import NOTE

    at = [field.attname for field in Delivery._meta.concrete_fields].index
    columns = {"aggregates": "aggregate_id", "types": "aggregate_type", "seqs": "seq", "prevs": "prev_seq"}
    told = {name: [row[at(column)] for row in rows] for name, column in columns.items()}
    execute(NOTE, consumer="bench", events=[row[at("event_id")] for row in rows], **told)


# --- Publish, purchase -------------------------------------------------------------------------------------------


def shop():
    """(held reservations, how publishing added to the time of each hold)"""
    from events import bus
    from tests.world import World

    world = World.make(seats=200, seat_limit=200)
    for _ in range(4):
        world.alice.charge(2_000_000)
    publish, spent = bus.publish, []

    def timed_publish(message, *, by):
        spent.append(timed(lambda: publish(message, by=by)))

    held = []
    for seat in world.seats[: 2 * TIMES + 1]:
        spent.clear()
        bus.publish = timed_publish
        took = timed(lambda seat=seat: held.append(hold(world, seat)))
        bus.publish = publish
        held[-1].publishing = sum(spent) / (took - sum(spent))
    return held


def hold(world, seat):
    from reservations import holding

    return holding.hold(performance=world.performance, seat_ids=[seat.id], user_id=world.alice.user.id)


def purchases():
    held = shop()
    yield "publish, beside the rest of a hold", statistics.median(each.publishing for each in held), "≤ 0.25"
    recorder = Recorder()
    recorder.record(held.pop())
    half = len(held) // 2
    bare = statistics.median(timed(lambda each=each: recorder.replay(each)) for each in held[:half])
    whole = statistics.median(timed(each.submit) for each in held[half:])
    for each in held[half:]:
        each.refresh_from_db()
        assert each.status == "CONFIRMED", each.status
    yield "purchase, to its bare transactions", whole / bare, "≤ 3"


class Recorder:
    """The statements of one purchase's transactions, to be sent again by hand for another reservation."""

    def __init__(self):
        self.transactions, self.fixed = [], set()

    def record(self, reservation):
        from django.db import connection, transaction

        from payments.models import PointAccount

        self.reservation = reservation
        account = PointAccount.objects.get(user_id=reservation.user_id)
        self.fixed = {reservation.user_id, reservation.performance_id, account.id}
        under_way = []

        def note(execute, sql, params, many, context):
            if connection.in_atomic_block:
                if not under_way:
                    under_way.append([])
                    self.transactions.append(under_way[0])
                    transaction.on_commit(under_way.clear)  # before the push: that is registered later
                under_way[0].append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            reservation.submit()

    def replay(self, reservation):
        """Every id that the purchase made is a new one, the reservation's is that one's."""
        from django.db import connection, transaction

        ids = {self.reservation.id: reservation.id}
        for statements in self.transactions:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                raw = cursor.cursor
                for sql, params in statements:
                    raw.execute(sql, self._renewed(params, ids))

    def _renewed(self, value, ids):
        if isinstance(value, UUID):
            return value if value in self.fixed else ids.setdefault(value, uuid4())
        if isinstance(value, dict):
            return {name: self._renewed(each, ids) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._renewed(each, ids) for each in value)
        return value


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    found, wanted = {}, {}
    with database():
        for number in range(runs):
            for part in (claims, relays, purchases):
                for what, ratio, bound in part():
                    found.setdefault(what, []).append(ratio)
                    wanted[what] = bound
            print(f"\rrun {number + 1} of {runs}", end="", file=sys.stderr)
    print(file=sys.stderr)
    for what, ratios in found.items():
        each = " ".join(f"{ratio:6.2f}" for ratio in ratios)
        print(f"{what:40} {statistics.median(ratios):6.2f}  wanted {wanted[what] or '–':7} runs {each}")


if __name__ == "__main__":
    main()
