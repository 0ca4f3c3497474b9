"""Many want the same thing at the same moment, on a real PostgreSQL and Redis."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db.models import Sum
from django.utils.timezone import now

from concert_site.invariants import violations
from payments.models import Charge, Payment, PointAccount, Transfer
from queueing import rooms
from queueing.models import Admission, Room
from queueing.ticks import tick_rooms
from reservations import confirmation, holding
from reservations.models import Claim, Reservation
from tests.everything import assert_sound, make_due, settle
from tests.threads import at_once
from tests.world import PRICE, Fan


def hold(world, *seats, user_id=None):
    return holding.hold(performance=world.performance, seat_ids=[seat.id for seat in seats], user_id=user_id or uuid4())


def winners(results):
    """Those who got it; the others must have been refused in an orderly way."""
    won = [result for result in results if isinstance(result, Reservation)]
    assert {type(result) for result in results if result not in won} <= {holding.SeatsUnavailable}
    return won


class TestTheLastSeat:
    def test_goes_to_exactly_one_of_sixty_simultaneous_buyers(self, world):
        seat = world.seats[0]

        results = at_once(*[partial(hold, world, seat)] * 60)

        assert len(winners(results)) == 1
        assert Claim.objects.live().count() == 1
        assert_sound()

    def test_goes_to_exactly_one_also_where_a_lapsed_hold_lies_on_it(self, world):
        seat, other = world.seats[:2]
        lapsed = hold(world, seat, other)
        Reservation.objects.filter(id=lapsed.id).update(held_until=now() - timedelta(seconds=1))

        results = at_once(*[partial(hold, world, seat)] * 60)

        assert len(winners(results)) == 1
        lapsed.refresh_from_db()
        assert lapsed.status == "EXPIRED"
        assert Claim.objects.live().count() == 1
        assert_sound()

    def test_goes_to_exactly_one_through_the_api(self, world):
        fans = [Fan.sign_up(f"Fan{n}") for n in range(30)]
        world.admit(*fans)

        answers = at_once(*[partial(fan.hold, world.performance, world.seats[0]) for fan in fans])

        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 29
        refusal = next(answer.json() for answer in answers if answer.status_code == 409)
        assert refusal["code"] == "seats_unavailable"
        assert refusal["unavailable"] == [str(world.seats[0].id)]
        assert refusal["alternatives"][0] == str(world.seats[1].id)
        assert_sound()

    def test_can_not_be_deadlocked_by_requests_that_name_the_seats_in_other_orders(self, world):
        seats = world.seats[:4]

        results = at_once(*[partial(hold, world, *(seats if n % 2 else reversed(seats))) for n in range(40)])

        assert len(winners(results)) == 1
        assert_sound()


class TestAFansLimit:
    def test_holds_for_simultaneous_requests_for_different_seats(self, world):
        alice = world.alice.user.id

        results = at_once(*[partial(hold, world, seat, user_id=alice) for seat in world.seats])

        assert sum(isinstance(result, Reservation) for result in results) == world.performance.seat_limit
        assert {type(result) for result in results} == {Reservation, holding.SeatLimitExceeded}
        assert_sound()


class TestOnePointAccount:
    def test_loses_and_gains_no_point_in_fifty_simultaneous_charges_and_debits(self, world):
        fan = uuid4()
        Charge.make(user_id=fan, amount=10_000, key="first")
        charges = [partial(Charge.make, user_id=fan, amount=1_000, key=f"key-{n}") for n in range(25)]
        debits = [partial(Payment.debit, reservation_id=uuid4(), user_id=fan, amount=2_000) for _ in range(25)]

        results = at_once(*[action for pair in zip(charges, debits, strict=True) for action in pair])

        assert [result for result in results if isinstance(result, Exception)] == []
        balance = PointAccount.objects.get(user_id=fan).balance
        debited = Transfer.objects.filter(kind="debit").aggregate(sum=Sum("amount"))["sum"]
        assert balance == 10_000 + 25 * 1_000 - debited
        assert balance >= 0
        assert violations(["M"], pause=0) == {}

    def test_is_opened_once_by_simultaneous_first_charges(self, world):
        fan = uuid4()

        at_once(*[partial(Charge.make, user_id=fan, amount=1, key=f"key-{n}") for n in range(20)])

        assert PointAccount.objects.get(user_id=fan).balance == 20
        assert_sound()

    def test_can_not_be_charged_beyond_the_limit_by_simultaneous_charges(self, world, settings):
        settings.BALANCE_MAXIMUM = 10_000
        fan = uuid4()

        at_once(*[partial(Charge.make, user_id=fan, amount=1_000, key=f"key-{n}") for n in range(20)])

        assert PointAccount.objects.get(user_id=fan).balance == 10_000
        assert_sound()


class TestPayingTwiceAtOnce:
    def test_debits_once(self, world):
        reservation = world.held_by(world.alice)

        answers = at_once(*[partial(world.alice.pay, reservation.id, world.concert) for _ in range(10)])

        assert sorted({answer.status_code for answer in answers}) in ([200, 409], [200, 202, 409])
        assert world.alice.balance == 1_000_000 - PRICE
        assert_sound()


@pytest.mark.fault("deadline and success at the same moment", holds="M S D1 D2 E O T Q L A")
class TestTheDeadline:
    def test_and_the_answer_of_payments_at_the_same_moment_have_one_outcome(self, world, settings):
        settings.PUSH_AFTER_COMMIT = False
        for seat in world.seats[:8]:
            reservation = hold(world, seat, user_id=world.alice.user.id)
            reservation.submit()
            confirmation.chase(now=now() + timedelta(minutes=3))
            much_later = now() + timedelta(minutes=6)

            results = at_once(settle, partial(confirmation.chase, now=much_later), settle)
            assert not any(isinstance(each, Exception) for each in results)
            make_due()  # an answer that met the deadline's very moment is heard again a little later
            settle()

            reservation.refresh_from_db()
            assert reservation.status == "CONFIRMED"
            confirmation.compensate(reservation, operator="Olga", reason="make room", seen=reservation.revision)
        assert_sound()


class TestTheWaitingRoom:
    def test_numbers_two_hundred_simultaneous_fans_without_gaps_or_doubles(self, world):
        places = at_once(*[partial(rooms.enter, concert_id=world.concert.id, account_id=uuid4()) for _ in range(200)])

        assert sorted(place.number for place in places) == list(range(1, 201))

    def test_never_lets_in_more_than_its_limit_however_many_tick(self, world):
        Room.objects.update(max_active=17)
        fans = [Fan.sign_up(f"Fan{n}") for n in range(60)]
        entering = [partial(fan.enter, world.concert) for fan in fans]

        at_once(*entering, *[tick_rooms] * 20)
        tick_rooms()

        admitted = Admission.objects.order_by("number")
        assert len(admitted) == 17
        assert max(each.active_after for each in admitted) == 17
        statuses = [fan.call("get", f"/waiting-rooms/{world.concert.id}/place").json()["status"] for fan in fans]
        assert statuses.count("ACTIVE") == 17
        assert_sound()

    def test_gives_one_account_one_place_on_all_its_devices(self, world):
        answers = at_once(*[partial(world.alice.enter, world.concert)] * 20)

        assert len({answer.json()["number"] for answer in answers}) == 1
        assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
