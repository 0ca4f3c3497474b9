"""Forgetting what is over and old, and nothing that may be needed."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils.timezone import now

from events import bus
from events.ids import first_uuid7, uuid7
from events.models import Event, InboxMessage, LaneCursor
from events.pruning import prune
from events.relay import relay
from events.tests.stage import LISTENER, author, deliveries, heard_by, listening, say, someone
from payments.models import Transfer
from tests.everything import assert_sound, settle

pytestmark = pytest.mark.usefixtures("transactional_db")
LATER = {days: timedelta(days=days) for days in (29, 31, 91, 401)}


@pytest.fixture
def heard():
    return []


@pytest.fixture
def done(heard):
    """Five lanes of one event that took effect; the listener."""
    with listening(heard_by(heard)) as consumer:
        for _ in range(5):
            say(1, aggregate=someone())
        relay()
        yield consumer


def pruned(*, days, using=None, **options):
    """What is gone so many days from now, by name."""
    gone = {}
    for name, n in prune(using=using or author(), now=now() + timedelta(days=days), **options):
        gone[name] = gone.get(name, 0) + n
    return {name: n for name, n in gone.items() if n}


def left():
    return {
        "deliveries": deliveries().count(),
        "events": Event.objects.using(author()).count(),
        "inbox rows": InboxMessage.objects.using(bus.home(LISTENER)).count(),
    }


class TestPruning:
    def test_leaves_what_is_young(self, done):
        assert pruned(days=29) == {}
        assert left() == {"deliveries": 5, "events": 5, "inbox rows": 5}

    def test_forgets_deliveries_first_then_the_inbox_then_events(self, done):
        home = bus.home(LISTENER)
        assert pruned(days=31) == {"deliveries": 5}
        assert pruned(days=91, using=home) == {"inbox rows": 5}
        assert pruned(days=401) == {"events": 5}

    def test_keeps_the_cursors_so_that_nothing_takes_effect_again(self, done, heard):
        event = Event.objects.using(author()).first()
        for using in {author(), bus.home(LISTENER)}:
            pruned(days=401, using=using)
        assert left() == {"deliveries": 0, "events": 0, "inbox rows": 0}
        assert LaneCursor.objects.using(bus.home(LISTENER)).count() == 5
        done.handle(event)
        assert len(heard) == 5

    def test_keeps_what_is_not_over_and_its_lane_and_its_story(self, done):
        singer = Event.objects.using(author()).first().aggregate_id
        say(2, aggregate=singer)
        assert pruned(days=401)["deliveries"] == 4
        assert sorted(deliveries().values_list("seq", flat=True)) == [1, 2]
        assert Event.objects.using(author()).filter(aggregate_id=singer).count() == 2

    @pytest.mark.parametrize("state", ["dead", "parked", "shelved", "waiting", "ready"])
    def test_never_forgets_an_open_one(self, done, state):
        deliveries().update(state=state, done_at=None)
        assert "deliveries" not in pruned(days=4000)
        assert left()["events"] == 5

    def test_forgets_what_was_given_up(self, done):
        deliveries().update(state="discarded", done_at=None)
        assert pruned(days=31) == {"deliveries": 5}

    def test_goes_in_chunks_past_what_has_to_stay(self, done):
        deliveries(pk=deliveries().first().pk).update(state="dead")
        chunks = list(prune(using=author(), now=now() + LATER[31], chunk=2))
        assert [n for name, n in chunks if name == "deliveries"] == [2, 2]

    def test_as_a_dry_run_counts_and_changes_nothing(self, done):
        assert pruned(days=31, dry_run=True) == {"deliveries": 5}
        assert left() == {"deliveries": 5, "events": 5, "inbox rows": 5}


class TestTheCommand:
    def test_says_what_is_gone_from_each_database(self, done):
        for using in bus.databases():
            with connections[using].cursor() as cursor:
                old = str(first_uuid7(now() - LATER[31]))
                cursor.execute(
                    "UPDATE events_delivery SET done_at = now() - interval '31 d',"
                    " id = overlay(id::text placing left(%s, 13) from 1 for 13)::uuid",
                    [old],
                )
        assert f"{author()}: 5 deliveries would go." in self.run("--dry-run")
        assert f"{author()}: 5 deliveries gone." in self.run()
        assert f"{author()}: nothing gone." in self.run()

    def run(self, *arguments):
        out = StringIO()
        call_command("prune_events", *arguments, stdout=out)
        return out.getvalue()


class TestAfterAPurchase:
    def test_everything_is_still_sound_and_a_repeat_changes_nothing(self, world):
        reservation = world.bought_by(world.alice)
        settle()
        for using in bus.databases():
            list(prune(using=using, now=now() + LATER[401]))
        reservation.cancel(refund=reservation.amount, fee=0, cause="after the forgetting")
        settle()
        assert Transfer.objects.filter(key=reservation.id).values_list("kind", flat=True).count() == 2
        assert_sound()


class TestTheFirstIdOfAMoment:
    def test_is_before_what_is_made_then_and_after_what_was_made_before(self):
        before = uuid7()
        assert first_uuid7(now() + timedelta(seconds=1)) > before > first_uuid7(now() - timedelta(seconds=1))
