"""What can go wrong between reservations and payments, and how it is made right."""

from functools import partial

import pytest
from django.utils.timezone import now

from events import bus
from events.aggregate import AlreadyChanged, WrongStatus
from events.models import Delivery, Event
from events.relay import deliver_batch
from payments.models import Payment, Transfer
from reservations import confirmation
from reservations.models import Reservation
from tests.everything import assert_sound, make_due, settle
from tests.faults.servers import refusing
from tests.faults.stories import LATER, LateDebit, Purchase
from tests.threads import at_once

WHY = {"operator": "Olga", "reason": "the fan rang"}


@pytest.fixture
def without_push(settings):
    settings.PUSH_AFTER_COMMIT = False


def compensate(reservation):
    confirmation.compensate(reservation, **WHY, seen=reservation.revision)


def letters(**filters):
    return Delivery.objects.using(bus.home(Reservation)).filter(consumer="payments", **filters)


class TestARefund:
    @pytest.mark.fault("refund twice, by saga and operator at once", holds="M S D1 D2 E O T A L")
    def test_asked_for_by_the_saga_and_by_an_operator_at_once_is_given_once(self, world, without_push):
        for seat in world.seats[:6]:
            late = LateDebit(world, seat)

            results = at_once(settle, partial(compensate, late.reservation), partial(compensate, late.reservation))

            refused = [each for each in results if each is not None]
            assert {type(each) for each in refused} <= {AlreadyChanged, WrongStatus}
            settle()
            assert late.has_its_end
            assert Transfer.objects.filter(kind="refund", key=late.reservation.id).count() <= 1
        assert_sound()

    @pytest.mark.fault("compensation fails 100 times", holds="M S D1 D2 E O T A L")
    def test_that_fails_a_hundred_times_calls_for_attention_and_is_given_in_the_end(self, world, without_push):
        reservation = world.held_by(world.alice)
        reservation.submit()
        settle()
        world.alice.cancel(reservation.id)

        with refusing(Transfer, "kind = 'refund'"):
            for _operator in range(10):
                for _attempt in range(10):
                    make_due([bus.home(Reservation)])
                    deliver_batch(using=bus.home(Reservation), consumers=["payments"])
                letters(state="dead").get().retry(**WHY)
            for deadline in (1, 2):
                confirmation.chase(now=now() + deadline * LATER)
            reservation.refresh_from_db()
            assert (reservation.status, bool(reservation.attention)) == ("CANCELLED", True)
            assert Payment.objects.get().status == "CAPTURED"

        settle()
        reservation.refresh_from_db()
        assert (reservation.attention, reservation.refund_deadline) == ("", None)
        assert world.alice.balance == 1_000_000
        assert_sound()


@pytest.mark.fault("poison payload at the head of a lane", holds="M S D1 D2 E O T A L")
class TestAPoisonedOrder:
    @pytest.fixture
    def poisoned(self, world, without_push):
        """Of three that were submitted, Alice's; its seat is free again when it is found out."""
        for n, fan in enumerate([world.alice, world.bob, world.charlie]):
            world.held_by(fan, world.seats[n]).submit()
        reservation = Reservation.objects.get(user_id=world.alice.user.id)
        told = Event.objects.using(bus.home(Reservation)).filter(
            aggregate_id=reservation.id, type="ReservationSubmitted"
        )
        self.right = told.get().data
        told.update(data={"amount": "all of it"})
        settle()
        return reservation

    def test_holds_up_its_own_lane_alone(self, poisoned):
        others = Reservation.objects.exclude(pk=poisoned.pk)
        assert set(others.values_list("status", flat=True)) == {"CONFIRMED"}
        assert letters(state="dead").get().aggregate_id == poisoned.pk

    def test_goes_on_when_an_operator_has_put_it_right(self, poisoned):
        for deadline in (1, 2):
            confirmation.chase(now=now() + deadline * LATER)
        for letter in Delivery.objects.using(bus.home(Reservation)).dead():  # payments' and the waiting room's
            letter.edit(self.right, **WHY)
        settle()
        poisoned.refresh_from_db()
        assert poisoned.status == "CONFIRMED"  # late, but the seat was free
        assert_sound()


class TestAnEventOfAnotherVersion:
    @pytest.fixture
    def story(self, world, without_push):
        story = Purchase(world, world.seats[0])
        story.buy()
        return story

    @pytest.fixture
    def told(self):
        return Event.objects.using(bus.home(Reservation)).filter(type="ReservationSubmitted")

    @pytest.mark.fault("new consumer, old event version", holds="M S D1 D2 E O T Q L")
    def test_is_read_without_the_fields_that_were_added_since(self, story, told):
        added = {"concert_title", "starts_at", "seats"}
        told.update(data={name: value for name, value in told.get().data.items() if name not in added})
        settle()
        assert story.has_its_end
        assert_sound()

    @pytest.mark.fault("old consumer, new event version", holds="M S D1 D2 E O T Q L")
    def test_is_read_without_the_fields_that_are_not_known_yet(self, story, told):
        told.update(data=told.get().data | {"seat_colour": "red"})
        settle()
        assert story.has_its_end
        assert_sound()
