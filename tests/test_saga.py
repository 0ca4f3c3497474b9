"""Confirm a reservation: debit, confirm; every way in which it can go wrong, and how it is made right."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from concert_site.routers import home_of
from events import bus
from events.aggregate import AlreadyChanged, WrongStatus
from events.consumers import consumer
from events.models import Delivery, InboxMessage, OperatorAction
from payments.models import Payment, Transfer
from reservations import confirmation, holding
from reservations.models import Claim, Reservation
from settlement.models import Line
from tests.everything import assert_sound, make_due, settle
from tests.world import PRICE

LATER = timedelta(minutes=3)


@pytest.fixture
def without_push(settings):
    settings.PUSH_AFTER_COMMIT = False


def status(reservation):
    reservation.refresh_from_db()
    return reservation.status


def failed_while_payments_was_silent(world, fan):
    """A reservation that failed because payments did not answer by two deadlines; its debit is still on its way."""
    reservation = world.held_by(fan)
    reservation.submit()
    confirmation.chase(now=now() + LATER)
    confirmation.chase(now=now() + 2 * LATER)
    assert status(reservation) == "FAILED"
    return reservation


class TestAPurchase:
    def test_is_confirmed_in_the_answer_to_the_payment(self, world):
        reservation = world.held_by(world.alice)

        answer = world.alice.pay(reservation.id, world.concert)

        assert (answer.status_code, answer.json()["status"]) == (200, "CONFIRMED")
        assert world.alice.balance == 1_000_000 - PRICE
        assert_sound()

    def test_is_confirmed_by_the_worker_when_the_push_is_off(self, world, without_push):
        reservation = world.held_by(world.alice)

        answer = world.alice.pay(reservation.id, world.concert)
        assert (answer.status_code, answer.json()["status"]) == (202, "PAYING")

        settle()
        assert status(reservation) == "CONFIRMED"
        assert_sound()

    def test_is_told_to_queue_settlement_ranking_and_the_fan(self, world, mailoutbox):
        reservation = world.bought_by(world.alice)
        settle()

        place = world.alice.call("get", f"/waiting-rooms/{world.concert.id}/place").json()
        popular = world.alice.call("get", "/concerts/popular?period=day").json()["results"]
        assert place["status"] == "USED"
        assert [(row["rank"], row["concert"]["title"], row["reservations"]) for row in popular] == [
            (1, "Night Flight", 1)
        ]
        assert [(line.kind, line.amount) for line in Line.objects.filter(reservation_id=reservation.id)] == [
            ("sale", PRICE)
        ]
        assert world.alice.user.notifications.get().kind == "ReservationConfirmed"
        assert [mail.to for mail in mailoutbox] == [[world.alice.user.email]]
        assert_sound()


@pytest.mark.fault("debit declined", holds="M S D1 D2 E O T Q L")
class TestADeclinedPayment:
    def test_fails_the_reservation_and_frees_its_seats(self, world):
        world.alice.charge(1)
        poor = type(world.alice).sign_up("Dora", points=PRICE - 1)
        reservation = world.held_by(poor)

        answer = poor.pay(reservation.id, world.concert)

        assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_points")
        assert answer.json()["reservation"]["status"] == "FAILED"
        assert poor.balance == PRICE - 1
        assert not Claim.objects.live().exists()
        assert_sound()

    def test_leaves_the_fan_the_rest_of_his_turn(self, world):
        poor = type(world.alice).sign_up("Dora", points=1)
        poor.pay(world.held_by(poor).id, world.concert)
        poor.charge(PRICE)

        again = poor.hold(world.performance, world.seats[0])

        assert again.status_code == 201
        assert poor.pay(again.json()["id"], world.concert).json()["status"] == "CONFIRMED"
        assert_sound()


@pytest.mark.fault("hold expires while paying, seat sold to another", holds="M S D1 D2 E O T Q L")
class TestAPaymentThatComesTooLate:
    def test_confirms_after_all_when_the_seats_are_still_free(self, world, without_push):
        reservation = failed_while_payments_was_silent(world, world.alice)

        settle()

        assert status(reservation) == "CONFIRMED"
        assert reservation.failure == ""
        assert Claim.objects.live().get().reservation == reservation
        assert_sound()

    def test_is_refunded_when_somebody_else_has_a_seat(self, world, without_push):
        reservation = failed_while_payments_was_silent(world, world.alice)
        world.held_by(world.bob)

        settle()

        assert status(reservation) == "FAILED"
        assert reservation.refund == PRICE
        assert world.alice.balance == 1_000_000
        assert Payment.objects.get(reservation_id=reservation.id).status == "REFUNDED"
        assert_sound()

    def test_is_refunded_when_the_fan_has_bought_other_seats_up_to_the_limit(self, world, without_push):
        reservation = failed_while_payments_was_silent(world, world.alice)
        world.alice.enter(world.concert)
        other = holding.hold(
            performance=world.performance, seat_ids=[s.id for s in world.seats[1:5]], user_id=world.alice.user.id
        )

        settle()

        assert (status(reservation), status(other)) == ("FAILED", "HELD")
        assert reservation.refund == PRICE
        assert_sound()

    def test_is_asked_for_once_more_before_the_reservation_fails(self, world, without_push):
        reservation = world.held_by(world.alice)
        reservation.submit()

        confirmation.chase(now=now() + LATER)
        assert status(reservation) == "PAYING"

        settle()
        assert status(reservation) == "CONFIRMED"
        assert Transfer.objects.filter(kind="debit").count() == 1
        assert_sound()


class TestAHold:
    def test_can_not_be_paid_when_its_time_is_over(self, world):
        reservation = world.held_by(world.alice)
        Reservation.objects.filter(id=reservation.id).update(held_until=now() - timedelta(seconds=1))

        answer = world.alice.pay(reservation.id, world.concert)

        assert (answer.status_code, answer.json()["code"]) == (409, "hold_expired")
        assert world.alice.balance == 1_000_000
        assert_sound()

    @pytest.mark.fault("hold expires while paying, seat sold to another", holds="M S D1 D2 E O T Q L")
    def test_keeps_its_seats_while_it_is_being_paid_although_its_time_is_over(self, world, without_push):
        reservation = world.held_by(world.alice)
        reservation.submit()
        Reservation.objects.filter(id=reservation.id).update(held_until=now() - timedelta(seconds=1))

        holding.expire_holds()
        world.admit(world.bob)
        refused = world.bob.hold(world.performance, world.seats[0])

        assert refused.json()["code"] == "seats_unavailable"
        settle()
        assert status(reservation) == "CONFIRMED"
        assert_sound()

    def test_blocks_nobody_when_its_time_is_over_and_no_sweep_has_run(self, world):
        lapsed = world.held_by(world.alice, *world.seats[:2])
        Reservation.objects.filter(id=lapsed.id).update(held_until=now() - timedelta(seconds=1))

        world.bought_by(world.bob, world.seats[0])

        assert status(lapsed) == "EXPIRED"
        assert lapsed.claims.filter(ended_at=None).count() == 0
        assert_sound()

    def test_is_expired_by_the_sweep(self, world):
        reservation = world.held_by(world.alice)

        assert holding.expire_holds() == 0
        assert holding.expire_holds(now=now() + timedelta(minutes=6)) == 1

        assert status(reservation) == "EXPIRED"
        assert_sound()


class TestCancelling:
    def test_gives_the_points_back_and_frees_the_seats(self, world):
        reservation = world.bought_by(world.alice)

        quote = world.alice.call("get", f"/reservations/{reservation.id}/cancellation").json()
        answer = world.alice.cancel(reservation.id, refund=quote["refund"])

        assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
        assert answer.json()["refund"] == PRICE
        assert world.alice.balance == 1_000_000
        assert not Claim.objects.live().exists()
        assert_sound()

    def test_keeps_the_fee_of_the_tier(self, world):
        reservation = world.bought_by(world.alice)
        long_ago = now() - timedelta(days=2)
        Reservation.objects.filter(id=reservation.id).update(confirmed_at=long_ago)
        in_eight_days = now() + timedelta(days=8)
        type(world.performance).objects.update(starts_at=in_eight_days, sales_close_at=in_eight_days)

        assert world.alice.cancel(reservation.id).json()["fee"] == PRICE // 10

        assert world.alice.balance == 1_000_000 - PRICE // 10
        assert_sound()

    def test_twice_is_told_that_it_was_cancelled(self, world):
        reservation = world.bought_by(world.alice)
        world.alice.cancel(reservation.id)

        again = world.alice.cancel(reservation.id)

        assert (again.status_code, again.json()["code"]) == (409, "wrong_status")
        assert world.alice.balance == 1_000_000
        assert_sound()


class TestDeliveringEverythingTwice:
    @pytest.mark.parametrize("story", ["bought", "declined", "cancelled", "refunded late"])
    def test_has_the_effect_of_delivering_it_once(self, world, settings, story):
        tell(story, world, settings)
        settle()
        before = everything_that_counts()

        for alias in settings.DATABASES:
            Delivery.objects.using(alias).update(state="ready", lease_token=None)
        make_due()
        settle()

        assert everything_that_counts() == before
        assert_sound()

    def test_has_one_effect_when_two_relays_deliver_at_the_same_time(self, world, without_push):
        reservation = world.held_by(world.alice)
        reservation.submit()
        using = bus.home(Reservation)
        event = Delivery.objects.using(using).get(consumer="payments", correlation_id=reservation.id).event

        consumer("payments").handle(event)
        consumer("payments").handle(event)

        assert Transfer.objects.filter(kind="debit").count() == 1
        assert InboxMessage.objects.using(home_of("payments")).filter(event_id=event.id).count() == 1
        assert_sound()


def tell(story, world, settings):
    if story == "refunded late":
        settings.PUSH_AFTER_COMMIT = False
        failed_while_payments_was_silent(world, world.alice)
        world.held_by(world.bob)
    elif story == "declined":
        poor = type(world.alice).sign_up("Dora", points=1)
        poor.pay(world.held_by(poor).id, world.concert)
    else:
        reservation = world.bought_by(world.alice)
        if story == "cancelled":
            world.alice.cancel(reservation.id)


def everything_that_counts():
    return (
        sorted(Reservation.objects.values_list("id", "status", "refund")),
        sorted(Payment.objects.values_list("reservation_id", "status", "refunded", "fee")),
        sorted(Transfer.objects.values_list("id", "amount")),
        sorted(Line.objects.values_list("id", "amount")),
    )


class TestCompensatingByHand:
    def compensate(self, reservation, **changes):
        reservation.refresh_from_db()
        given = {"operator": "Olga", "reason": "the fan called", "seen": reservation.revision} | changes
        confirmation.compensate(reservation, **given)

    def test_cancels_a_confirmed_reservation_with_a_full_refund(self, world):
        reservation = world.bought_by(world.alice)

        self.compensate(reservation)

        assert status(reservation) == "CANCELLED"
        assert world.alice.balance == 1_000_000
        action = OperatorAction.objects.using(bus.home(Reservation)).get()
        assert (action.operator, action.before["status"], action.after["status"]) == ("Olga", "CONFIRMED", "CANCELLED")
        assert_sound()

    def test_of_a_paying_one_fails_it_and_gives_back_what_was_debited_meanwhile(self, world, without_push):
        reservation = world.held_by(world.alice)
        reservation.submit()

        self.compensate(reservation)
        settle()

        assert status(reservation) == "FAILED"
        assert world.alice.balance == 1_000_000
        assert reservation.refund_deadline is None
        assert_sound()

    @pytest.mark.fault("refund before debit", holds="M S D1 D2 O T A L")
    def test_before_the_debit_arrives_makes_the_payment_void(self, world, without_push):
        reservation = world.held_by(world.alice)
        reservation.submit()
        using = bus.home(Reservation)
        lost = Delivery.objects.using(using).get(consumer="payments", correlation_id=reservation.id)
        Delivery.objects.using(using).filter(pk=lost.pk).update(state="done")  # on its way, and delayed
        self.compensate(reservation)
        refund = Delivery.objects.using(using).filter(consumer="payments", event__type="RefundRequested")
        refund.update(prev_seq=0)  # it came by a way that does not say what is missing
        settle()
        assert Payment.objects.get().status == "VOID"

        consumer("payments").handle(lost.event)  # older than what took effect: it has none
        Payment.debit(reservation_id=reservation.id, user_id=reservation.user_id, amount=reservation.amount)
        settle()

        assert Payment.objects.get().status == "VOID"
        assert world.alice.balance == 1_000_000
        assert Transfer.objects.filter(kind="debit").count() == 0

    def test_of_a_state_that_changed_since_it_was_seen_is_refused(self, world):
        reservation = world.held_by(world.alice)
        seen = reservation.revision
        world.alice.pay(reservation.id, world.concert)

        with pytest.raises(AlreadyChanged):
            self.compensate(reservation, seen=seen)

        assert status(reservation) == "CONFIRMED"
        assert_sound()

    def test_twice_is_refused(self, world):
        reservation = world.bought_by(world.alice)
        self.compensate(reservation)

        with pytest.raises(WrongStatus):
            self.compensate(reservation)
        assert_sound()


class TestADeadLetter:
    def test_holds_its_lane_until_an_operator_sends_it_again(self, world, without_push):
        reservation = world.held_by(world.alice)
        reservation.submit()
        using = bus.home(Reservation)
        rows = Delivery.objects.using(using).filter(consumer="payments")
        rows.update(attempts=99)  # whoever tried it died
        settle()
        letter = rows.get()
        assert letter.state == "dead"
        confirmation.chase(now=now() + LATER)  # asks again, behind the dead letter
        settle()
        assert sorted(rows.values_list("state", flat=True)) == ["dead", "parked"]

        letter.retry(operator="Olga", reason="payments is back")
        make_due()
        settle()

        assert status(reservation) == "CONFIRMED"
        assert_sound()
