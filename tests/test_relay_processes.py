"""Relays that are killed, freeze and wake, as real processes."""

import os
import signal
from time import sleep

import pytest
from django.db import connections, transaction

from events import bus
from events.models import InboxMessage
from events.relay import relay
from events.tests.stage import LISTENER, author, deliveries, listening, say, someone, states
from settlement.models import Line
from tests.everything import make_due
from tests.faults.points import dies_after, hit
from tests.processes import died, forked

pytestmark = pytest.mark.usefixtures("transactional_db")
DEADLY = 666


def write_down(message, event):
    """An effect that is committed or not: it can be counted."""
    Line.objects.create(
        performance_id=message.performance_id, reservation_id=event.aggregate_id, concert_title="",
        kind=Line.Kind.SALE, amount=event.position.seq, event_id=event.id, occurred_at=event.occurred_at,
    )  # fmt: skip


def effects():
    return sorted(Line.objects.values_list("reservation_id", "amount"))


@pytest.mark.fault("payload that kills its worker", "consumer killed before its commit", holds="E O A")
class TestAMessageThatKillsItsRelay:
    @pytest.mark.parametrize("batched", [False, True])
    def test_ends_in_the_dead_letters_and_takes_no_other_with_it(self, batched):
        def listen(message, event):
            if message.amount == DEADLY:
                os.kill(os.getpid(), signal.SIGKILL)
            write_down(message, event)

        others = [someone() for _ in range(12)]
        with listening(listen, max_attempts=3, batched=batched):
            say(1, aggregate=someone(), amount=DEADLY)
            say(2, aggregate=deliveries().get().aggregate_id)
            for other in others:
                say(1, aggregate=other)

            deaths = 0
            while died(forked(relay)):
                deaths += 1
                make_due()
            make_due()

        assert deaths <= 4
        killer = deliveries(state="dead").get()
        assert killer.fingerprint.split()[0] == "RelayDied"
        assert states(aggregate_id=killer.aggregate_id) == ["dead", "parked"]
        assert effects() == sorted((other, 1) for other in others)


@pytest.mark.fault("relay killed after a claim", "relay killed halfway through a lane", holds="E O")
class TestARelayKilledAfterAnyCommit:
    def test_is_taken_over_lane_by_lane_in_order(self):
        with listening(write_down):
            commit, rounds = 0, 0
            died_last = True
            while died_last:
                commit += 1
                singer = someone()
                for seq in (1, 2, 3):
                    say(seq, aggregate=singer)
                died_last = hit(relay, at=commit, blow=dies_after)
                make_due()
                while relay():
                    rounds += 1
                assert [amount for of, amount in effects() if of == singer] == [1, 2, 3], (
                    f"killed after commit {commit}"
                )
                assert in_order(singer)
        assert commit > 6


@pytest.mark.fault("relay frozen longer than its lease, then woken", holds="E O")
class TestARelayThatFreezes:
    def test_in_the_middle_of_an_effect_holds_nobody_up_for_long_and_does_nothing_when_it_wakes(self):
        read, write = os.pipe()

        def freeze_once(message, event):
            if os.getpid() != parent:
                os.write(write, b"!")
                os.kill(os.getpid(), signal.SIGSTOP)
            write_down(message, event)

        def frozen_relay():
            with connections[bus.home(LISTENER)].cursor() as cursor:
                cursor.execute("SET idle_in_transaction_session_timeout = '300ms'")  # else settings.IDLE_TRANSACTION_…
            relay()

        parent = os.getpid()
        with listening(freeze_once):
            singer = someone()
            for seq in (1, 2):
                say(seq, aggregate=singer)
            child = forked(frozen_relay)
            os.read(read, 1)
            make_due()
            relay()  # waits for the frozen one's lock until the database ends its transaction
            os.kill(child, signal.SIGCONT)
            assert not died(child)

        assert effects() == [(singer, 1), (singer, 2)]
        assert states() == ["done", "done"]
        assert deliveries(seq=1).get().attempts == 2

    def test_after_an_effect_before_it_could_say_so_says_nothing_any_more_when_it_wakes(self):
        read, write = os.pipe()

        def freeze_once_committed(message, event):
            write_down(message, event)
            if os.getpid() != parent:
                transaction.on_commit(stop, using=bus.home(LISTENER))

        def stop():
            os.write(write, b"!")
            os.kill(os.getpid(), signal.SIGSTOP)

        parent = os.getpid()
        with listening(freeze_once_committed):
            singer = someone()
            for seq in (1, 2, 3):
                say(seq, aggregate=singer)
            child = forked(relay)
            os.read(read, 1)
            make_due()
            relay()
            os.kill(child, signal.SIGCONT)
            assert not died(child)

        assert effects() == [(singer, 1), (singer, 2), (singer, 3)]
        assert states() == ["done"] * 3
        assert deliveries(seq=1).get().attempts == 2


def in_order(singer):
    home = bus.home(LISTENER)
    seqs = InboxMessage.objects.using(home).filter(aggregate_id=singer).order_by("id").values_list("seq", flat=True)
    return list(seqs) == [1, 2, 3]


@pytest.mark.fault("two relays", "three relays", holds="E O")
class TestSeveralRelays:
    @pytest.mark.parametrize("number", [2, 3])
    def test_of_which_one_joins_late_and_one_is_killed_deliver_each_once_and_in_order(self, number, tmp_path, settings):
        settings.DELIVERY_LEASE_SECONDS = 1  # so long the killed one's deliveries wait
        singers = [someone() for _ in range(6)]
        over = tmp_path / "over"

        def relay_until_over():
            while not over.exists():
                relay(limit=4)
                sleep(0.01)

        with listening(write_down):
            relays = [forked(relay_until_over) for _ in range(number)]
            for seq in range(1, 9):
                for singer in singers:
                    say(seq, aggregate=singer)
                if seq == 4:
                    os.kill(relays[0], signal.SIGKILL)
                    relays.append(forked(relay_until_over))
            while deliveries(state__in=["ready", "waiting"]).exists():
                sleep(0.05)
            over.touch()
            assert [died(each) for each in relays] == [True] + [False] * number
            make_due()
            relay()

        assert effects() == sorted((singer, seq) for singer in singers for seq in range(1, 9))
        assert set(states()) == {"done"}


class TestATransactionThatIsLeftAlone:
    def test_is_ended_by_the_database_as_the_settings_say(self, settings):
        with connections[author()].cursor() as cursor:
            cursor.execute("SELECT current_setting('idle_in_transaction_session_timeout')::interval")
            assert cursor.fetchone()[0].total_seconds() == settings.IDLE_TRANSACTION_SECONDS
