"""What is so only where places are kept in PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connections, transaction

from events import bus
from queueing import rooms
from queueing.models import KeptPlace, Room
from queueing.tests.world import START, at, crowd, enter, make_room, place, tick

pytestmark = [pytest.mark.only_database, pytest.mark.django_db(transaction=True, databases="__all__")]


def meanwhile(call, *args, **kwargs):
    """In another connection."""

    def run():
        try:
            return call(*args, **kwargs)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(timeout=10)


class TestWhileTheRoomIsLocked:
    @pytest.fixture
    def room(self):
        return make_room(max_active=1)

    @pytest.fixture
    def locked(self, room):
        self.fans = crowd(room, 2)
        with bus.atomic(Room):
            yield Room.objects.select_for_update().get()

    def test_a_poll_waits_for_nothing(self, room, locked):
        assert meanwhile(place, room, self.fans[1], now=at(60)).ahead == 1

    def test_the_front_waits_for_nothing(self, room, locked):
        assert meanwhile(rooms.front, concert_id=room.concert_id).waiting == 2


class TestAHeartbeat:
    def test_is_written_every_three_seconds_at_most(self):
        room, fan = make_room(max_active=0), uuid4()
        enter(room, fan)
        for second in (1, 2, 3, 4, 5):
            place(room, fan, now=at(second))
        assert KeptPlace.objects.get().heard_at == at(3)


class TestASecondTicker:
    def test_leaves_the_work_to_the_first(self):
        room = make_room()
        crowd(room, 1)
        using = bus.home(Room)
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"tick {room.concert_id}"])
            assert meanwhile(tick, room) == []
        assert len(tick(room)) == 1


class TestATickThatFails:
    def test_has_let_nobody_in(self):
        room = make_room()
        (fan,) = crowd(room, 1)
        with pytest.raises(RuntimeError), bus.atomic(Room):
            tick(room)
            raise RuntimeError
        assert (place(room, fan).status, room.admissions.count()) == ("WAITING", 0)


class TestNumbers:
    def test_have_the_rooms_row_for_their_counter(self):
        room = make_room(high_water=41)
        assert [enter(room).number for _ in range(3)] == [42, 43, 44]
        room.refresh_from_db()
        assert room.high_water == 44


class TestWhilePostgresqlIsAway:
    def test_the_room_says_wait(self):
        room, fan = make_room(), uuid4()
        enter(room, fan)
        self.cut()
        with pytest.raises(rooms.RoomUnavailable):
            place(room, fan, now=START)
        connections.close_all()
        assert place(room, fan, now=START).number == 1

    def cut(self):
        """Somebody ends our session."""
        connection = connections[bus.home(Room)]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        meanwhile(self.end, pid)

    def end(self, pid):
        with connections[bus.home(Room)].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
