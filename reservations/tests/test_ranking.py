"""Which concerts sell best."""

from django_redis import get_redis_connection

from events import bus
from events.models import Delivery
from reservations import ranking
from reservations.models import Reservation
from tests.everything import assert_sound, make_due, settle


def top(period="all"):
    return [count for _concert, count in ranking.top(period=period)]


class TestTheRanking:
    def test_counts_confirmed_reservations_of_the_day_the_week_and_ever(self, world):
        world.bought_by(world.alice)
        world.bought_by(world.bob, world.seats[1])
        settle()

        assert [top(period) for period in ranking.PERIODS] == [[2], [2], [2]]

    def test_counts_a_reservation_once_however_often_it_hears_of_it(self, world):
        world.bought_by(world.alice)
        settle()
        inbox = bus.home(Reservation)
        Delivery.objects.using(inbox).filter(consumer="ranking").update(state="ready")
        make_due()
        settle()

        assert top() == [1]

    def test_forgets_a_cancelled_reservation(self, world):
        reservation = world.bought_by(world.alice)
        world.alice.cancel(reservation.id)
        settle()

        assert top() == []
        assert_sound()

    def test_is_made_again_from_the_database_when_redis_lost_it(self, world):
        world.bought_by(world.alice)
        settle()
        get_redis_connection("default").flushdb()
        assert top() == []

        assert ranking.rebuild() == 1
        assert ranking.rebuild() == 1

        assert top() == [1]

    def test_loses_what_it_should_not_have_counted_when_it_is_made_again(self, world):
        reservation = world.bought_by(world.alice)
        world.alice.cancel(reservation.id)
        settle()
        ranking.count(reservation_id=reservation.id, concert_id=world.concert.id, confirmed_at=reservation.confirmed_at)
        assert top() == [1]

        assert ranking.rebuild() == 0

        assert top() == []
