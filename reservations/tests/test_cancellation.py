"""What giving a reservation back costs."""

from datetime import UTC, datetime, timedelta

import pytest

from reservations import cancellation
from reservations.models import Reservation

START = datetime(2027, 6, 20, 10, tzinfo=UTC)  # 19:00 in Seoul, on the 20th
BOUGHT = START - timedelta(days=60)


def at(days_before, *, hour=12, minute=0):
    """A moment of that calendar day in Seoul."""
    return START.replace(hour=0, minute=0) - timedelta(days=days_before) + timedelta(hours=hour - 9, minutes=minute)


@pytest.fixture
def reservation(world):
    """132,001 points for a show in Seoul on 20 June 2027, bought two months before."""
    reservation = world.bought_by(world.alice)
    reservation.performance.starts_at = START
    reservation.amount, reservation.confirmed_at = 132_001, BOUGHT
    return reservation


class TestTheFee:
    @pytest.mark.parametrize(
        ("now", "fee"),
        [
            (at(30), 0),
            (at(10, hour=23, minute=59), 0),
            (at(9, hour=0), 13_200),
            (at(7), 13_200),
            (at(6), 26_400),
            (at(3), 26_400),
            (at(2), 39_600),
            (at(1, hour=23, minute=59), 39_600),
            (at(0, hour=0), 118_800),
            (START - timedelta(seconds=1), 118_800),
        ],
    )
    def test_follows_calendar_days_at_the_venue_and_is_rounded_down(self, reservation, now, fee):
        quote = cancellation.quote(reservation, now=now)

        assert (quote.fee, quote.refund) == (fee, 132_001 - fee)

    def test_is_that_of_the_concert_where_it_has_its_own(self, world, reservation):
        world.concert.cancellation_tiers.create(days_before=5, fee_percent=50)

        assert cancellation.quote(reservation, now=at(5)).fee == 66_000
        assert cancellation.quote(reservation, now=at(4)).fee == 132_001

    def test_is_nothing_within_a_day_of_the_purchase_three_days_before_the_show(self, reservation):
        reservation.confirmed_at = at(3)

        assert cancellation.quote(reservation, now=at(3) + timedelta(hours=23, minutes=59)).fee == 0
        assert cancellation.quote(reservation, now=at(3) + timedelta(hours=24)).fee == 39_600

    def test_is_due_within_a_day_of_a_purchase_that_was_later(self, reservation):
        reservation.confirmed_at = at(2)

        assert cancellation.quote(reservation, now=at(2) + timedelta(hours=1)).fee == 39_600


class TestCancelling:
    def test_is_too_late_once_the_show_has_begun(self, reservation):
        with pytest.raises(cancellation.TooLate):
            cancellation.quote(reservation, now=START)

    def test_is_refused_when_the_refund_is_no_longer_as_quoted(self, world):
        reservation = world.bought_by(world.alice)

        with pytest.raises(cancellation.QuoteChanged):
            cancellation.cancel(reservation, refund=1)

        assert Reservation.objects.get(id=reservation.id).status == "CONFIRMED"
