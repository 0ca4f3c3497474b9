from uuid import uuid4

import pytest

from queueing import rooms
from queueing.models import Room
from queueing.tests.world import at, crowd, enter, make_room, place, tick, use

pytestmark = pytest.mark.django_db(databases="__all__")


class TestEntering:
    def test_gives_numbers_in_the_order_of_arrival(self):
        room = make_room()
        assert [enter(room).number for _ in range(5)] == [1, 2, 3, 4, 5]

    def test_says_how_many_are_ahead(self):
        room = make_room()
        crowd(room, 3)
        assert enter(room).ahead == 3

    def test_twice_finds_the_same_place(self):
        room, fan = make_room(), uuid4()
        first, again = enter(room, fan), enter(room, fan)
        assert (first.number, first.is_new) == (1, True)
        assert (again.number, again.is_new) == (1, False)
        assert enter(room).number == 2

    def test_while_active_finds_the_active_place(self):
        room, fan = make_room(), uuid4()
        enter(room, fan)
        tick(room)
        again = enter(room, fan)
        assert (again.number, again.status, again.is_new) == (1, "ACTIVE", False)

    def test_one_room_gives_nothing_in_another(self):
        here, there, fan = make_room(), make_room(), uuid4()
        enter(here, fan)
        assert place(there, fan) is None

    def test_after_use_gives_a_new_place_at_the_end(self):
        room, fan = make_room(), uuid4()
        enter(room, fan)
        tick(room)
        use(room, fan, 1)
        crowd(room, 2)
        again = enter(room, fan)
        assert (again.number, again.status, again.ahead, again.is_new) == (4, "WAITING", 2, True)

    def test_after_the_active_time_gives_a_new_place_also_before_any_tick(self):
        room, fan = make_room(active_seconds=60), uuid4()
        enter(room, fan)
        tick(room)
        again = enter(room, fan, now=at(60))
        assert (again.number, again.status) == (2, "WAITING")
        assert rooms.front(concert_id=room.concert_id).active == 0

    def test_after_leaving_gives_a_new_place_at_the_end(self):
        room = make_room()
        first, _second = crowd(room, 2)
        rooms.leave(concert_id=room.concert_id, account_id=first)
        assert enter(room, first).number == 3


class TestARoomThatIsOff:
    def test_asks_for_no_place(self):
        room = make_room(Room.State.OFF)
        found = enter(room)
        assert (found.number, found.status, found.token) == (None, "ACTIVE", None)

    def test_is_what_a_concert_without_a_room_has(self):
        found = rooms.enter(concert_id=uuid4(), account_id=uuid4())
        assert (found.number, found.status) == (None, "ACTIVE")

    def test_tells_those_who_waited_that_they_may_go(self):
        room = make_room(Room.State.OFF)
        assert place(room, uuid4()).status == "ACTIVE"


class TestAClosedRoom:
    def test_refuses_who_comes(self):
        room = make_room(Room.State.CLOSED)
        with pytest.raises(rooms.RoomClosed):
            enter(room)


class TestBeforeTheOpening:
    def test_fans_may_come_and_nobody_is_let_in(self):
        room = make_room(Room.State.BEFORE_OPENING)
        fans = crowd(room, 2)
        assert tick(room) == []
        assert [place(room, fan).status for fan in fans] == ["WAITING", "WAITING"]

    def test_the_time_to_come_is_not_known(self):
        room = make_room(Room.State.BEFORE_OPENING)
        assert enter(room).eta is None
