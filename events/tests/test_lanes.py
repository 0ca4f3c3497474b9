"""Only the head of a lane is looked at; whoever ends it wakes the next, whatever else happens at that moment."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest
from django.db import connections, transaction

from events.models import Delivery
from events.push import after_commit
from events.relay import relay
from events.tests.stage import author, deliveries, heard_by, listening, say, someone, states
from tests.everything import make_due
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")
WHY = {"operator": "Olga", "reason": "mended"}


@pytest.fixture
def singer():
    return someone()


@pytest.fixture
def heard():
    return []


@pytest.fixture
def listener(heard):
    with listening(heard_by(heard)) as consumer:
        yield consumer


def claim(limit=100, **options):
    return Delivery.claim(using=author(), consumers=["listener"], limit=limit, **options)


def finish(batch):
    Delivery.finish(batch, using=author())


def apart(action):
    """Begun in a thread, with a connection of its own."""

    def run():
        try:
            return action()
        finally:
            connections.close_all()

    return ThreadPoolExecutor(1).submit(run)


class TestThoseBehindAHead:
    def test_wait_and_are_woken_one_by_one(self, listener, singer):
        for seq in (1, 2, 3):
            say(seq, aggregate=singer)
        assert states() == ["ready", "waiting", "waiting"]
        finish(claim())
        assert states() == ["done", "ready", "waiting"]

    def test_wait_while_it_is_tried_again(self, listener, singer):
        say(1, aggregate=singer)
        [head] = claim()
        head.fail(ValueError("later"), max_attempts=10)
        say(2, aggregate=singer)
        assert states() == ["ready", "waiting"]

    def test_are_parked_when_it_dies_and_so_is_who_comes_later(self, listener, singer):
        say(1, aggregate=singer)
        say(2, aggregate=singer)
        [head] = claim()
        head.fail(ValueError("never"), max_attempts=1)
        say(3, aggregate=singer)
        assert states() == ["dead", "parked", "parked"]

    def test_go_on_one_by_one_when_an_operator_gave_it_up(self, listener, singer):
        self.test_are_parked_when_it_dies_and_so_is_who_comes_later(listener, singer)
        deliveries(seq=1).get().discard(**WHY)
        assert states() == ["discarded", "ready", "waiting"]

    def test_wait_again_when_it_is_sent_again(self, listener, singer, heard):
        self.test_are_parked_when_it_dies_and_so_is_who_comes_later(listener, singer)
        deliveries(seq=1).get().retry(**WHY)
        assert states() == ["ready", "waiting", "waiting"]
        relay()
        assert heard == [1, 2, 3]

    def test_are_not_claimed_though_they_be_ready(self, listener, singer):
        for seq in (1, 2):
            say(seq, aggregate=singer)
        deliveries().update(state="ready")
        assert [each.seq for each in claim()] == [1]
        assert claim() == []


class TestWhoComesJustWhenItsHeadEnds:
    def test_and_is_first_is_woken_by_him_who_ended_it(self, listener, singer):
        say(1, aggregate=singer)
        batch = claim()
        with transaction.atomic(using=author()):
            say(2, aggregate=singer)
            ending = apart(lambda: finish(batch))
            wait_until_somebody_waits()
        ending.result(timeout=20)
        assert states() == ["done", "ready"]

    def test_and_is_second_waits_for_nobody(self, listener, singer):
        say(1, aggregate=singer)
        batch = claim()
        with transaction.atomic(using=author()):
            finish(batch)
            apart(lambda: say(2, aggregate=singer)).result(timeout=20)
        assert states() == ["done", "ready"]

    def test_is_never_forgotten(self, listener, heard):
        """Publishing and relaying at the same time, over and over."""
        singers = [someone() for _ in range(4)]

        def publish(singer):
            for seq in range(1, 26):
                with transaction.atomic(using=author()):
                    say(seq, aggregate=singer)

        def deliver():
            for _ in range(60):
                relay()

        results = at_once(*[lambda singer=singer: publish(singer) for singer in singers], deliver, deliver)
        assert [each for each in results if each is not None] == []
        relay()
        assert states() == ["done"] * 100
        assert len(heard) == 100


def wait_until_somebody_waits():
    """Some connection waits for a lock."""
    stop_at = monotonic() + 20
    while True:
        with connections[author()].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        assert monotonic() < stop_at, "nobody waits"
        sleep(0.01)


class TestAClaim:
    def test_takes_the_abandoned_or_the_others_when_asked(self, listener):
        for _ in range(3):
            say(1, aggregate=someone())
        claim(limit=1)
        deliveries(state="leased").update(available_at="2020-01-01T00:00:00Z")
        assert [each.attempts for each in claim(abandoned=True)] == [2]
        assert [each.attempts for each in claim(abandoned=False)] == [1, 1]

    def test_hands_over_the_event_as_it_was_written(self, listener, singer):
        event = say(7, aggregate=singer)
        [delivery] = claim()
        event.refresh_from_db()
        for field in event._meta.fields:
            assert getattr(delivery.event, field.attname) == getattr(event, field.attname)
        assert delivery.event.position.seq == 7

    def test_serves_every_consumer_though_one_has_more_than_fits(self, listener):
        with listening(heard_by([]), name="other"):
            for _ in range(30):
                say(1, aggregate=someone())
            say(1, aggregate=someone(), to="other")
            served = set()
            for _ in range(12):
                names = ["listener", "other"]
                served |= {each.consumer for each in Delivery.claim(using=author(), consumers=names, limit=2)}
        assert served == {"listener", "other"}


class TestARound:
    def test_reaches_what_a_dead_relay_left_though_others_wait_without_end(self, heard, monkeypatch):
        monkeypatch.setattr("events.relay.ROUND_SECONDS", 0.05)

        def listen(message, event):
            heard.append(event.seq)
            sleep(0.1)  # longer than a round

        with listening(listen):
            say(9, aggregate=someone())
            claim()
            deliveries(state="leased").update(available_at="2020-01-01T00:00:00Z")
            for _ in range(3):
                say(1, aggregate=someone())
            relay(limit=1)
        assert heard == [1, 9, 1, 1]


class TestAPush:
    def test_goes_on_to_the_end_of_a_lane(self, heard, singer, settings):
        settings.PUSH_AFTER_COMMIT = True
        with listening(heard_by(heard), urgent=True):
            for seq in (1, 2, 3):
                say(seq, aggregate=singer)
            after_commit(using=author(), correlation_id=singer)
        assert (heard, states()) == ([1, 2, 3], ["done"] * 3)

    def test_leaves_other_stories_to_the_worker(self, heard, singer, settings):
        settings.PUSH_AFTER_COMMIT = True
        with listening(heard_by(heard), urgent=True):
            say(1, aggregate=singer)
            after_commit(using=author(), correlation_id=someone())
        assert (heard, states()) == ([], ["ready"])


class TestABatch:
    @pytest.fixture
    def batched(self, heard):
        with listening(heard_by(heard), batched=True) as consumer:
            yield consumer

    def test_takes_effect_in_one_transaction(self, batched, heard, django_assert_max_num_queries):
        for _ in range(50):
            say(1, aggregate=someone())
        with django_assert_max_num_queries(20, connection=connections[author()]):
            relay()
        assert heard == [1] * 50
        assert states() == ["done"] * 50

    def test_with_a_bad_one_is_taken_apart(self, heard):
        singers = [someone() for _ in range(5)]

        def refuse_one(message, event):
            if event.aggregate_id == singers[2]:
                raise ValueError("no")
            heard.append(event.aggregate_id)

        with listening(refuse_one, batched=True, max_attempts=1):
            for singer in singers:
                say(1, aggregate=singer)
            relay()

        assert sorted(states()) == ["dead"] + ["done"] * 4
        assert set(heard) == {*singers} - {singers[2]}

    def test_with_a_repeat_takes_effect_once(self, batched, heard):
        for _ in range(3):
            say(1, aggregate=someone())
        relay()
        deliveries().update(state="ready", done_at=None)
        make_due()
        relay()
        assert (heard, states()) == ([1] * 3, ["done"] * 3)
