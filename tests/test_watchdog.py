"""Every step of the saga has a deadline, somebody who looks after it, and a flag for operators: docs/states.md."""

from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import F
from django.utils.timezone import now

from concert_site.invariants import violations
from events import bus
from events.models import Delivery, Destination, Transition
from events.relay import deliver_batch
from payments.models import Charge, Payment, PointAccount
from reservations import attention, confirmation, holding, levers, tickets
from reservations.models import Reservation
from tests.everything import assert_sound, make_due, settle

LATER = timedelta(minutes=3)  # past one deadline of payments
SILENCE = "payments has not said whether it took the points"
RESERVATIONS, PAYMENTS = bus.home(Reservation), bus.home(Payment)


@pytest.fixture(autouse=True)
def without_push(settings):
    settings.PUSH_AFTER_COMMIT = False


@pytest.fixture
def held(world):
    return world.held_by(world.alice)


@pytest.fixture
def paying(held):
    held.submit()
    return held


@pytest.fixture
def confirmed(paying):
    settle()
    assert status(paying) == "CONFIRMED"
    return paying


@pytest.fixture
def cancelled(confirmed):
    confirmed.cancel(refund=confirmed.amount, fee=0, cause="given back by the fan")
    return confirmed


def status(reservation):
    reservation.refresh_from_db()
    return reservation.status


def flag_of(reservation, *, at=None):
    """What stands there once the watchdog has looked; at: how much later."""
    attention.watch(now=now() + (at or timedelta()))
    reservation.refresh_from_db()
    return reservation.attention


def chase(*, at):
    confirmation.chase(now=now() + at)


def hand_on(name, *, using):
    """Only to that consumer."""
    deliver_batch(using=using, consumers=[name])


def poison(name, type, *, using=RESERVATIONS):
    """Whatever that consumer does with the event, it is dead."""
    rows = Delivery.objects.using(using).filter(consumer=name, event__type=type).exclude(state="done")
    rows.update(attempts=99)
    settle()
    letter = rows.get()
    assert letter.state == "dead"
    return letter


def cure(letter):
    letter.retry(operator="Olga", reason="it works again")
    settle()


def confirm(paying):
    """Nobody else is told yet."""
    hand_on("payments", using=RESERVATIONS)
    hand_on("confirmation", using=PAYMENTS)
    assert status(paying) == "CONFIRMED"


def captured_late(world):
    """Its seats have gone to another fan meanwhile."""
    reservation = world.held_by(world.alice)
    reservation.submit()
    confirmation.chase(now=now() + LATER)
    confirmation.chase(now=now() + 2 * LATER)
    world.held_by(world.bob)
    hand_on("payments", using=RESERVATIONS)
    hand_on("confirmation", using=PAYMENTS)
    return reservation


def held_up(reservation, name, *, since, state="ready"):
    """Its last event there is not done: it waits for something that is not its own fault."""
    row = Delivery.objects.using(RESERVATIONS).filter(correlation_id=reservation.pk, consumer=name).latest("id")
    changes = {"state": state, "held_up_since": now() - since, "available_at": now() + timedelta(hours=9)}
    Delivery.objects.using(RESERVATIONS).filter(pk=row.pk).update(**changes)
    return row


class TestAHoldWhoseTimeIsOver:
    def test_is_expired_by_the_watchdog_and_asks_for_nobody(self, held):
        assert holding.expire_holds(now=now() + timedelta(minutes=6)) == 1
        assert (status(held), flag_of(held, at=timedelta(hours=1))) == ("EXPIRED", "")


class TestAPaymentWithoutAnswer:
    def test_is_asked_for_once_more_and_then_given_up(self, paying):
        chase(at=timedelta(minutes=1))
        assert (status(paying), paying.asked_again_at) == ("PAYING", None)
        chase(at=LATER)
        assert (status(paying), paying.asked_again_at is not None) == ("PAYING", True)
        chase(at=2 * LATER)
        assert (status(paying), paying.failure) == ("FAILED", "payment_unanswered")
        assert paying.claims.filter(ended_at=None).count() == 0
        assert flag_of(paying) == ""

    def test_never_stays_paying_however_many_there_are_and_whatever_one_of_them_does(self, world, paying):
        others = [world.held_by(world.bob, world.seats[1]), world.held_by(world.charlie, world.seats[2])]
        for other in others:
            other.submit()
        Reservation.objects.filter(pk=paying.pk).update(facts={})  # nobody can say anything of it any more

        chase(at=LATER)
        chase(at=2 * LATER)

        assert [status(other) for other in others] == ["FAILED", "FAILED"]
        assert status(paying) == "PAYING"
        assert paying.attention == "it is still paying long after its deadline"

    def test_asks_for_an_operator_when_payments_never_says_whether_it_took_the_points(self, paying):
        letter = poison("payments", "ReservationSubmitted")
        chase(at=LATER)
        chase(at=2 * LATER)
        assert flag_of(paying) == "payments has not taken ReservationSubmitted (RelayDied)"

        chase(at=3 * LATER)
        paying.refresh_from_db()
        assert SILENCE in paying.attention
        assert paying.attention in logged(paying)

        cure(letter)
        assert flag_of(paying, at=4 * LATER) == ""
        assert (status(paying), paying.answer_deadline) == ("CONFIRMED", None)
        assert_sound()

    def test_that_payments_declines_after_all_is_over(self, world):
        reservation = world.held_by(type(world.alice).sign_up("Dora", points=1))
        reservation.submit()
        chase(at=LATER)
        chase(at=2 * LATER)
        assert flag_of(reservation, at=3 * LATER) == SILENCE

        settle()

        assert flag_of(reservation, at=3 * LATER) == ""
        assert (status(reservation), reservation.answer_deadline, reservation.refund) == ("FAILED", None, None)
        assert_sound()

    def test_whose_answer_is_a_dead_letter_at_payments_asks_for_an_operator(self, paying):
        hand_on("payments", using=RESERVATIONS)
        letter = poison("confirmation", "PointsCaptured", using=PAYMENTS)
        chase(at=LATER)
        chase(at=2 * LATER)
        assert status(paying) == "FAILED"
        assert flag_of(paying, at=3 * LATER).startswith(SILENCE)

        cure(letter)

        assert flag_of(paying, at=3 * LATER) == ""
        assert status(paying) == "CONFIRMED"
        assert_sound()

    def test_breaks_L_when_nobody_is_told(self, paying):
        chase(at=LATER)
        chase(at=2 * LATER)
        assert violations(["L"], pause=0) == {}
        Reservation.objects.filter(pk=paying.pk).update(answer_deadline=now() - timedelta(minutes=2))
        assert "L" in violations(["L"], pause=0)
        assert flag_of(paying) == SILENCE
        assert violations(["L"], pause=0) == {}


class TestARefundThatIsNotConfirmed:
    @pytest.mark.parametrize("step", ["cancelled", "captured late"])
    def test_is_asked_for_once_more_and_then_asks_for_an_operator_until_it_comes(self, world, request, step):
        reservation = request.getfixturevalue("cancelled") if step == "cancelled" else captured_late(world)
        flags = []
        for times in (1, 2, 3):
            chase(at=times * LATER)
            reservation.refresh_from_db()
            flags.append(reservation.attention)
        assert flags == ["", "payments has not confirmed the refund", "payments has not confirmed the refund"]
        assert reservation.asked_again_at is not None

        settle()

        assert flag_of(reservation, at=3 * LATER) == ""
        assert (reservation.refund_deadline, world.alice.balance) == (None, 1_000_000)
        assert_sound()

    def test_is_asked_for_again_also_while_something_else_asks_for_an_operator(self, cancelled):
        Reservation.objects.filter(pk=cancelled.pk).update(attention="something else")
        confirmation.chase(now=now() + LATER)
        cancelled.refresh_from_db()
        assert cancelled.asked_again_at is not None


class TestWhatFollowsAConfirmation:
    @pytest.mark.parametrize("name", ["queueing", "ranking", "settlement", "notifications", "email", "data-sync"])
    def test_may_fail_for_ever_and_undoes_nothing_but_asks_for_an_operator_until_it_is_done(self, paying, name):
        confirm(paying)
        letter = poison(name, "ReservationConfirmed")
        assert status(paying) == "CONFIRMED"
        assert flag_of(paying) == f"{name} has not taken ReservationConfirmed (RelayDied)"
        assert attention.watch() == 0  # it is said once

        cure(letter)

        assert flag_of(paying) == ""
        assert logged(paying)[-1] == "what asked for attention is over"
        assert_sound()

    def test_is_not_said_of_one_that_went_on_while_it_was_looked_at(self, paying):
        confirm(paying)
        poison("email", "ReservationConfirmed")

        def went_on(execute, sql, *arguments):
            if 'JOIN "events_event"' in sql:
                Reservation.objects.filter(pk=paying.pk).update(version=F("version") + 1)
            return execute(sql, *arguments)

        with connections[RESERVATIONS].execute_wrapper(went_on):
            assert attention.watch() == 0

    def test_asks_for_nobody_any_more_when_an_operator_gives_it_up(self, paying):
        confirm(paying)
        letter = poison("email", "ReservationConfirmed")
        assert flag_of(paying) != ""
        letter.discard(operator="Olga", reason="the address is gone")
        assert flag_of(paying) == ""

    def test_is_no_case_for_an_operator_while_its_destination_is_away(self, confirmed, settings):
        row = held_up(confirmed, "data-sync", since=timedelta(hours=1))
        Destination.objects.using(RESERVATIONS).create(
            consumer="data-sync", outages=3, away_since=now(), probe_at=now() + LATER
        )
        assert flag_of(confirmed) == ""
        Destination.objects.using(RESERVATIONS).all().delete()
        assert flag_of(confirmed) == f"data-sync has not taken {row.event.type} (for long)"

    def test_is_one_when_it_alone_is_held_up_for_longer_than_allowed(self, confirmed, settings):
        held_up(confirmed, "data-sync", since=timedelta(minutes=1))
        assert flag_of(confirmed) == ""
        assert flag_of(confirmed, at=timedelta(seconds=settings.AFTERWARDS_SECONDS)) != ""
        make_due()
        settle()
        assert flag_of(confirmed, at=timedelta(seconds=settings.AFTERWARDS_SECONDS)) == ""

    def test_that_no_code_knows_is_one_as_well(self, confirmed):
        held_up(confirmed, "data-sync", since=timedelta(hours=1), state="shelved")
        assert "data-sync has not taken" in flag_of(confirmed)

    def test_and_a_refund_that_is_late_are_both_said(self, cancelled):
        silent = Delivery.objects.using(RESERVATIONS).filter(consumer="payments", event__type="ReservationCancelled")
        silent.update(state="parked")
        poison("data-sync", "ReservationCancelled")
        confirmation.chase(now=now() + LATER)
        assert flag_of(cancelled, at=2 * LATER) == (
            "payments has not confirmed the refund; data-sync has not taken ReservationCancelled (RelayDied)"
        )


class TestATicket:
    def test_stays_as_it_is_whatever_calls_for_attention_afterwards(self, paying):
        confirm(paying)
        ticket = tickets.qr_payload(paying)
        letter = poison("email", "ReservationConfirmed")
        assert flag_of(paying) != ""
        cure(letter)
        assert flag_of(paying) == ""
        assert tickets.qr_payload(paying) == ticket


class TestWhatAnOperatorHasResolved:
    @pytest.fixture
    def resolved(self, paying):
        """Whose mail is dead, which an operator has seen to."""
        confirm(paying)
        self.letter = poison("email", "ReservationConfirmed")
        assert flag_of(paying) == "email has not taken ReservationConfirmed (RelayDied)"
        levers.resolve(paying, operator="Olga", reason="I rang her", seen=paying.revision)
        return paying

    def test_asks_for_nobody_again_while_it_lasts(self, resolved):
        assert flag_of(resolved) == ""
        assert attention.watch() == 0

    def test_hides_no_other_cause(self, resolved):
        others = Delivery.objects.using(RESERVATIONS).filter(consumer="settlement")
        others.update(state="dead")
        assert "settlement has not taken" in flag_of(resolved)
        others.update(state="done")
        assert flag_of(resolved) == ""

    def test_is_forgotten_when_it_is_over(self, resolved):
        cure(self.letter)
        assert flag_of(resolved) == "" and resolved.resolved == ""
        Delivery.objects.using(RESERVATIONS).filter(pk=self.letter.pk).update(state="dead")
        assert flag_of(resolved) == "email has not taken ReservationConfirmed (RelayDied)"

    def test_breaks_no_L(self, paying):
        chase(at=LATER)
        chase(at=2 * LATER)
        Reservation.objects.filter(pk=paying.pk).update(answer_deadline=now() - timedelta(minutes=2))
        assert flag_of(paying) == SILENCE
        levers.resolve(paying, operator="Olga", reason="I asked payments", seen=paying.revision)
        assert flag_of(paying) == "" and violations(["L"], pause=0) == {}


class TestADebitAskedForByHand:
    @pytest.fixture
    def asked(self, world, held):
        """Confirmed, but not debited, and payments is asked again."""
        Reservation.objects.filter(pk=held.pk).update(status="CONFIRMED", confirmed_at=now())
        held.refresh_from_db()
        levers.ask(held, operator="Olga", reason="found by reconciliation", seen=held.revision)
        return held

    def test_is_over_when_payments_says_that_it_took_the_points(self, asked):
        settle()
        assert flag_of(asked, at=LATER) == ""
        assert (status(asked), asked.answer_deadline) == ("CONFIRMED", None)

    def test_that_is_declined_asks_for_an_operator(self, world, asked):
        PointAccount.objects.filter(user_id=world.alice.user.id).update(balance=0)
        settle()
        assert flag_of(asked) == ""
        assert flag_of(asked, at=LATER) == "it is confirmed, but payments has not debited it"
        confirmation.compensate(asked, operator="Olga", reason="she can't pay", seen=asked.revision)
        settle()
        assert flag_of(asked, at=LATER) == "" and status(asked) == "CANCELLED"


class TestAChargeThatTheGatewayDoesNotAnswer:
    @pytest.fixture
    def charge(self, world, settings):
        settings.SANDBOX_GATEWAY_FAULT = "unknown"
        return Charge.make(user_id=world.alice.user.id, amount=5_000, key="once")

    def asked(self, charge, *, at):
        charges = Charge.objects.unsettled(older_than=timedelta(seconds=-1))
        charges.settle(now=now() + at)
        charge.refresh_from_db()
        return charge.status, charge.attention

    def test_is_asked_for_again_and_after_its_deadline_asks_for_an_operator(self, charge):
        assert self.asked(charge, at=timedelta(minutes=9)) == ("PENDING", "")
        told = ("PENDING", "the gateway does not say whether it took the money")
        assert self.asked(charge, at=timedelta(minutes=11)) == told
        version = charge.version
        assert self.asked(charge, at=timedelta(minutes=12)) == told
        assert charge.version == version

    @pytest.mark.parametrize(("fault", "end"), [("", "SUCCEEDED"), ("decline", "DECLINED")])
    def test_asks_for_nobody_any_more_once_the_gateway_answers(self, charge, settings, fault, end):
        self.asked(charge, at=timedelta(minutes=11))
        settings.SANDBOX_GATEWAY_FAULT = fault
        assert self.asked(charge, at=timedelta(minutes=12)) == (end, "")
        assert_sound()

    def test_holds_up_no_other(self, charge, world, settings):
        other = Charge.make(user_id=world.bob.user.id, amount=5_000, key="once")
        settings.SANDBOX_GATEWAY_FAULT = "nobody knows this fault"  # the gateway's own code fails
        assert self.asked(other, at=timedelta()) == ("PENDING", "")
        settings.SANDBOX_GATEWAY_FAULT = ""
        assert Charge.objects.unsettled(older_than=timedelta(seconds=-1)).settle() == 2

    def test_breaks_L_when_nobody_is_told(self, charge):
        Charge.objects.filter(pk=charge.pk).update(created_at=now() - timedelta(minutes=12))
        assert "L" in violations(["L"], pause=0)
        self.asked(charge, at=timedelta())
        assert violations(["L"], pause=0) == {}


def logged(reservation):
    lines = Transition.objects.using(RESERVATIONS).filter(aggregate_id=reservation.pk)
    return list(lines.order_by("version").values_list("cause", flat=True))
