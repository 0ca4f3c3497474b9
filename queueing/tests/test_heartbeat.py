from uuid import uuid4

import pytest

from queueing import rooms
from queueing.tests.world import at, crowd, enter, make_room, place, statuses, tick

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def room():
    return make_room(max_active=1, grace_seconds=60, active_seconds=1000, longest_seconds=1000)


def ticking(room, *, until, since=0):
    """Tick every ten seconds; who was let in."""
    return [fan for second in range(since, until + 1, 10) for fan in tick(room, now=at(second))]


class TestAWaitingPlace:
    def test_lapses_when_nobody_asks_for_the_grace_time(self, room):
        _first, second = crowd(room, 2)
        ticking(room, until=50)
        assert statuses(room, [second], now=at(50)) == ["WAITING"]
        ticking(room, since=60, until=60)
        assert statuses(room, [second], now=at(60)) == ["EXPIRED"]

    def test_stays_as_long_as_the_fan_asks(self, room):
        first, second = crowd(room, 2)
        for second_hand in range(0, 300, 30):
            tick(room, now=at(second_hand))
            place(room, first, now=at(second_hand))
            assert place(room, second, now=at(second_hand)).status == "WAITING"

    def test_is_not_kept_by_the_gate_asking(self, room):
        _first, second = crowd(room, 2)
        ticking(room, until=50)
        rooms.status(concert_id=room.concert_id, account_id=second, now=at(50))
        ticking(room, since=60, until=60)
        assert statuses(room, [second], now=at(60)) == ["EXPIRED"]

    def test_that_lapsed_takes_no_slot(self, room):
        first, second, third = crowd(room, 3)
        ticking(room, until=50)
        place(room, third, now=at(50))
        rooms.leave(concert_id=room.concert_id, account_id=first, now=at(55))
        assert tick(room, now=at(60)) == [third]

    def test_lapses_for_good(self, room):
        _first, second = crowd(room, 2)
        ticking(room, until=60)
        again = enter(room, second, now=at(61))
        assert (again.number, again.is_new) == (3, True)

    def test_survives_when_it_was_the_service_that_was_away(self, room):
        _first, second = crowd(room, 2)
        tick(room)
        tick(room, now=at(600))
        assert statuses(room, [_first, second], now=at(600)) == ["ACTIVE", "WAITING"]
        ticking(room, since=610, until=660)
        assert statuses(room, [second], now=at(660)) == ["EXPIRED"]


class TestAnActivePlace:
    def test_gives_its_slot_back_when_the_fan_stays_away_for_the_grace_time(self, room):
        first, second = crowd(room, 2)
        ticking(room, until=50)
        place(room, second, now=at(50))
        assert ticking(room, since=60, until=60) == [second]
        assert place(room, first, now=at(60)).status == "EXPIRED"

    def test_stays_while_the_fan_asks_or_buys(self, room):
        (fan,) = crowd(room, 1)
        for second_hand in range(0, 300, 50):
            tick(room, now=at(second_hand))
            assert statuses(room, [fan], now=at(second_hand)) == ["ACTIVE"]  # the gate asks when seats are looked at
            place(room, fan, now=at(second_hand + 25))

    def test_ends_with_its_time_however_often_the_fan_asks(self, room):
        (fan,) = crowd(room, 1)
        for second_hand in range(0, 1000, 50):
            tick(room, now=at(second_hand))
            assert place(room, fan, now=at(second_hand)).status == "ACTIVE"
        assert place(room, fan, now=at(1000)).status == "EXPIRED"


class TestAPlaceThatIsOver:
    def test_is_forgotten_after_an_hour(self, room):
        fan = uuid4()
        enter(room, fan)
        tick(room)
        rooms.use(concert_id=room.concert_id, account_id=fan, number=1, now=at(1))
        tick(room, now=at(3600))
        assert place(room, fan, now=at(3600)).status == "USED"
        tick(room, now=at(3601))
        assert place(room, fan, now=at(3601)) is None
