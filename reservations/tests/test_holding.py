"""Taking seats: who may, and what the others are told."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils.timezone import now

from reservations import holding
from reservations.models import Claim, Reservation
from tests.everything import assert_sound
from tests.world import make_performance


def hold(world, *seats, **changes):
    given = {"performance": world.performance, "seat_ids": [seat.id for seat in seats], "user_id": uuid4()}
    return holding.hold(**given | changes)


class TestARequest:
    def test_gets_all_its_seats_for_five_minutes(self, world):
        moment = now()

        reservation = hold(world, *world.seats[:3], now=moment)

        assert reservation.held_until == moment + timedelta(minutes=5)
        assert reservation.amount == 300_000
        assert {claim.seat for claim in Claim.objects.live()} == set(world.seats[:3])
        assert_sound()

    def test_gets_none_when_one_is_taken_and_is_told_which_and_the_nearest_equal_ones(self, world):
        seats = world.seats
        hold(world, seats[4])

        with pytest.raises(holding.SeatsUnavailable) as refusal:
            hold(world, *seats[3:6])

        assert refusal.value.seat_ids == [seats[4].id]
        assert set(refusal.value.alternatives) == {seats[3].id, seats[5].id, seats[2].id}
        assert Reservation.objects.count() == 1
        assert_sound()

    @pytest.mark.parametrize("named", ["none", "unknown", "doubled", "foreign"])
    def test_must_name_seats_of_the_performance_each_once(self, world, named):
        seat = world.seats[0]
        foreign = make_performance(world.concert, seats=2).seats.first()
        ids = {"none": [], "unknown": [uuid4()], "doubled": [seat.id] * 2, "foreign": [seat.id, foreign.id]}

        with pytest.raises(holding.InvalidSeats):
            holding.hold(performance=world.performance, seat_ids=ids[named], user_id=uuid4())

        assert not Claim.objects.exists()

    def test_is_refused_before_and_after_the_sale(self, world):
        performance = world.performance
        for moment in (performance.sales_open_at - timedelta(seconds=1), performance.sales_close_at):
            with pytest.raises(holding.SalesClosed):
                hold(world, world.seats[0], now=moment)
        assert not Claim.objects.exists()

    def test_with_the_same_key_is_the_same_reservation(self, world):
        fan = uuid4()

        first = hold(world, world.seats[0], user_id=fan, key="once")
        again = hold(world, world.seats[0], user_id=fan, key="once")

        assert again == first
        assert_sound()


class TestTheLimit:
    def test_counts_what_the_fan_holds_and_has_bought(self, world):
        alice = world.alice.user.id
        world.bought_by(world.alice, *world.seats[:2])
        hold(world, world.seats[2], user_id=alice)

        with pytest.raises(holding.SeatLimitExceeded):
            hold(world, *world.seats[3:5], user_id=alice)
        hold(world, world.seats[3], user_id=alice)
        assert_sound()

    def test_does_not_count_a_hold_whose_time_is_over(self, world):
        alice = world.alice.user.id
        lapsed = hold(world, *world.seats[:4], user_id=alice)
        later = lapsed.held_until + timedelta(seconds=1)

        hold(world, *world.seats[4:8], user_id=alice, now=later)

        lapsed.refresh_from_db()
        assert lapsed.status == "EXPIRED"

    def test_is_one_purchase_at_a_time_for_a_place_in_the_waiting_room(self, world):
        other = make_performance(world.concert, seats=3)
        place = f"{world.concert.id}:7"
        hold(world, world.seats[0], place=place)

        with pytest.raises(holding.SeatLimitExceeded):
            hold(world, other.seats.first(), performance=other, place=place)


class TestGivingAHoldUp:
    def test_frees_its_seats_at_once(self, world):
        reservation = world.held_by(world.alice)

        assert world.alice.call("delete", f"/reservations/{reservation.id}").status_code == 204

        world.bought_by(world.bob, world.seats[0])
        assert_sound()
