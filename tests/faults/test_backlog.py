"""A hundred thousand behind: those who are not behind do not notice."""

import json

import pytest
from django.db import connections, transaction

from events.models import Delivery
from events.relay import deliver_batch
from events.tests.stage import author, deliveries, heard_by, listening, say, someone
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")
BEHIND = 50_000  # in each of two lanes
PAGES = 20_000  # of 8 kB, that a claim of a hundred may look at; to look at each row would take many more
FOLLOW = """
WITH told AS (
    INSERT INTO events_event (id, aggregate_type, aggregate_id, seq, type, data, correlation_id, actor, traceparent)
    SELECT gen_random_uuid(), aggregate_type, aggregate_id, seq + n, type, data, correlation_id, actor, traceparent
      FROM events_event, generate_series(1, %s) AS n WHERE aggregate_id = %s AND seq = 1 RETURNING *)
INSERT INTO events_delivery (id, event_id, consumer, aggregate_type, aggregate_id, seq, prev_seq, correlation_id, state,
                             attempts, last_error, fingerprint, version)
SELECT gen_random_uuid(), id, 'listener', aggregate_type, aggregate_id, seq, seq - 1, correlation_id, %s, 0, '', '', 0
  FROM told
"""


def follow(aggregate, *, state):
    """So many come behind the first one of that lane."""
    with connections[author()].cursor() as cursor:
        cursor.execute(FOLLOW, [BEHIND, aggregate, state])


def tidy(statement):
    """As autovacuum does, sooner or later."""
    with connections[author()].cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def heard():
    return []


@pytest.fixture
def behind(heard):
    """One hot lane and one that is held up by a dead letter; a hundred others come last."""
    with listening(heard_by(heard)):
        hot, held = someone(), someone()
        for aggregate, state in [(hot, "waiting"), (held, "parked")]:
            say(1, aggregate=aggregate)
            follow(aggregate, state=state)
        deliveries(aggregate_id=held, seq=1).update(state="dead")
        for _ in range(100):
            say(1, aggregate=someone())
        tidy("VACUUM (ANALYZE) events_delivery, events_event")
        yield


@pytest.mark.fault("100,000 behind, one hot lane, one held lane", holds="O")
class TestAHundredThousandBehind:
    def test_hold_up_no_other_lane_and_are_not_looked_at_by_a_claim(self, behind, heard):
        assert pages_of(lambda: Delivery.claim(using=author(), consumers=["listener"])) < PAGES
        deliver_batch(using=author(), consumers=["listener"])
        deliver_batch(using=author(), consumers=["listener"])
        assert heard.count(1) == 101  # the hot one's first, and the others
        assert deliveries(state="parked").count() == BEHIND

    def test_are_not_read_either_when_the_planner_has_heard_of_none_of_them(self, heard):
        with listening(heard_by(heard)):
            with transaction.atomic(using=author()):
                hot = someone()
                say(1, aggregate=hot)
                follow(hot, state="waiting")
                assert at_once(lambda: tidy("ANALYZE events_event")) == [
                    None
                ]  # it sees pages, and no event that is committed
            tidy("VACUUM (ANALYZE) events_delivery")
            assert pages_of(lambda: Delivery.claim(using=author(), consumers=["listener"])) < PAGES


def pages_of(action) -> int:
    """How many pages the database looks at for the action's statement, which is then taken back."""
    pages = []

    def explain(execute, sql, params, many, context):
        execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params, many, context)
        [[plan]] = context["cursor"].fetchall()
        plan = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
        pages.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
        return execute("SELECT 1 WHERE false", None, many, context)

    with transaction.atomic(using=author()):
        with connections[author()].execute_wrapper(explain):
            action()
        transaction.set_rollback(True, using=author())
    return sum(pages)
