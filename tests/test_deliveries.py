"""Lanes, leases, retries and dead letters."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connections, transaction

from events import bus
from events.models import Delivery, OperatorAction
from events.models.delivery import AlreadyHandled
from events.relay import deliver_batch
from payments.models import Charge
from reservations.models import Reservation
from tests.everything import make_due, settle

CONSUMERS = ["payments", "confirmation", "queueing", "ranking", "settlement", "notifications"]


@pytest.fixture
def using():
    return bus.home(Reservation)


@pytest.fixture
def paying(world, settings):
    """Alice's reservation, submitted; nobody has relayed anything."""
    settings.PUSH_AFTER_COMMIT = False
    reservation = world.held_by(world.alice)
    reservation.submit()
    return reservation


def rows(using, **filters):
    return Delivery.objects.using(using).filter(**filters)


def claim(using, consumers=CONSUMERS, **options):
    return Delivery.claim(using=using, consumers=consumers, **options)


class TestALane:
    def test_gives_out_its_head_only(self, paying, using):
        paying.ask_again(now=paying.pay_deadline)  # a second message to payments about the same reservation

        first, second = claim(using, ["payments"]), claim(using, ["payments"])

        assert [delivery.seq for delivery in first] == [2]
        assert second == []

    def test_goes_on_when_its_head_is_done(self, paying, using):
        paying.ask_again(now=paying.pay_deadline)

        Delivery.finish(claim(using, ["payments"]), using=using)

        assert [delivery.seq for delivery in claim(using, ["payments"])] == [3]

    def test_does_not_hold_up_another_lane(self, world, paying, using):
        rows(using, correlation_id=paying.id).update(state="dead")
        other = world.held_by(world.bob, world.seats[5])
        other.submit()

        settle()

        other.refresh_from_db()
        assert other.status == "CONFIRMED"


class TestAClaim:
    def test_gives_each_delivery_to_one_of_many_relays(self, world, settings, using):
        settings.PUSH_AFTER_COMMIT = False
        reservations = [world.held_by(fan, world.seats[n]) for n, fan in enumerate([world.alice, world.bob])]
        for reservation in reservations:
            reservation.submit()

        def claim_one(_):
            try:
                return claim(using, limit=1)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as pool:
            claimed = [delivery.pk for batch in pool.map(claim_one, range(16)) for delivery in batch]

        assert len(claimed) == len(set(claimed)) == rows(using, state="leased").count() > 0

    def test_is_given_back_when_its_lease_ends(self, paying, using):
        claim(using)
        assert claim(using) == []

        make_due()

        assert [delivery.attempts for delivery in claim(using)] == [2] * rows(using, state="leased").count()

    def test_of_a_relay_that_overslept_can_finish_nothing(self, paying, using):
        overslept = claim(using, ["payments"])
        make_due()
        current = claim(using, ["payments"])

        Delivery.finish(overslept, using=using)
        overslept[0].fail(ValueError("late"), max_attempts=1)

        row = rows(using, pk=current[0].pk).get()
        assert (row.state, row.lease_token) == ("leased", current[0].lease_token)

    def test_of_a_relay_that_overslept_its_last_attempt_parks_nothing(self, paying, using):
        paying.ask_again(now=paying.pay_deadline)
        [overslept] = claim(using, ["payments"])
        make_due()
        Delivery.finish(claim(using, ["payments"]), using=using)

        overslept.fail(ValueError("late"), max_attempts=1)

        assert list(rows(using, consumer="payments").values_list("seq", "state")) == [(2, "done"), (3, "ready")]


class TestAFailure:
    def test_is_tried_again_later(self, paying, using):
        [delivery] = claim(using, ["payments"])

        delivery.fail(ValueError("payments is away"), max_attempts=10)

        row = rows(using, pk=delivery.pk).get()
        assert (row.state, row.attempts) == ("ready", 1)
        assert "payments is away" in row.last_error
        assert row.fingerprint.startswith("ValueError ")

    def test_ends_in_the_dead_letters_after_the_last_attempt_and_parks_what_follows(self, paying, using):
        paying.ask_again(now=paying.pay_deadline)
        [delivery] = claim(using, ["payments"])

        delivery.fail(ValueError("for ever"), max_attempts=1)

        assert list(rows(using, consumer="payments").values_list("seq", "state")) == [(2, "dead"), (3, "parked")]

    def test_of_a_message_that_kills_its_relay_each_time_ends_there_too(self, paying, using):
        rows(using, consumer="payments").update(attempts=10)

        deliver_batch(using=using, consumers=["payments"])

        row = rows(using, consumer="payments").get()
        assert (row.state, row.fingerprint.split()[0]) == ("dead", "RelayDied")


class TestADeadLetter:
    @pytest.fixture
    def letter(self, paying, using):
        paying.ask_again(now=paying.pay_deadline)
        [delivery] = claim(using, ["payments"])
        delivery.fail(ValueError("for ever"), max_attempts=1)
        return rows(using, pk=delivery.pk).get()

    def test_goes_on_its_way_again_with_its_lane(self, letter, using, paying):
        letter.retry(operator="Olga", reason="mended")
        settle()

        paying.refresh_from_db()
        assert paying.status == "CONFIRMED"
        assert not rows(using, correlation_id=paying.id).unfinished().exists()

    def test_that_is_discarded_lets_its_lane_go_on_without_it(self, letter, using, paying):
        letter.discard(operator="Olga", reason="asked again anyway")
        settle()

        paying.refresh_from_db()
        assert paying.status == "CONFIRMED"  # by the second message
        assert rows(using, pk=letter.pk).get().state == "discarded"

    def test_is_handled_once_by_two_operators(self, letter, using):
        seen_by_both = rows(using, pk=letter.pk).get()
        letter.retry(operator="Olga", reason="mended")

        with pytest.raises(AlreadyHandled):
            seen_by_both.discard(operator="Otto", reason="not worth it")

        assert [action.operator for action in OperatorAction.objects.using(using)] == ["Olga"]

    def test_is_not_handled_without_a_reason(self, letter, using):
        with pytest.raises(IntegrityError):
            letter.retry(operator="Olga", reason=" ")

        assert rows(using, pk=letter.pk).get().state == "dead"


class TestARollback:
    def test_leaves_no_event_and_takes_no_version(self, world, using):
        reservation = world.held_by(world.alice)
        with pytest.raises(ZeroDivisionError), transaction.atomic(using=using):
            reservation.submit()
            1 / 0  # noqa: B018

        reservation.refresh_from_db()
        assert (reservation.status, reservation.version) == ("HELD", 1)
        assert not rows(using, correlation_id=reservation.id, seq__gt=1).exists()


class TestAnEventWithoutListeners:
    def test_is_in_the_ledger_all_the_same(self, world):
        charge = Charge.make(user_id=world.bob.user.id, amount=5, key="one more")
        using = bus.home(Charge)

        events = Delivery.event.field.related_model.objects.using(using).filter(aggregate_id=charge.id)
        assert [event.type for event in events] == ["PointsCharged"]
        assert not rows(using, aggregate_id=charge.id).exists()
