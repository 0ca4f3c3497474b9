"""What a promoter is owed, from events alone."""

from datetime import timedelta

from django.utils.timezone import now

from reservations.models import Reservation
from settlement.models import Line
from tests.everything import assert_sound, settle
from tests.world import PRICE


class TestAPerformance:
    def test_is_owed_what_was_sold_less_what_was_refunded(self, world):
        world.bought_by(world.alice, *world.seats[:2])
        given_back = world.bought_by(world.bob, world.seats[2])
        Reservation.objects.filter(id=given_back.id).update(confirmed_at=now() - timedelta(days=2))
        in_eight_days = now() + timedelta(days=8)
        type(world.performance).objects.update(starts_at=in_eight_days, sales_close_at=in_eight_days)
        world.bob.cancel(given_back.id)
        settle()

        [row] = Line.objects.by_performance()
        fee = PRICE // 10
        assert (row["gross"], row["refunded"], row["fees"]) == (3 * PRICE, fee - PRICE, fee)
        assert row["payout"] == 2 * PRICE + fee
        assert_sound()
