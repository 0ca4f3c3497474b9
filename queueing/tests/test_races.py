"""Many at once, on the real servers."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connections

from queueing import rooms, ticks
from queueing.models import Admission, Room
from queueing.tests.world import make_room

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def at_once(calls, *, threads=16):
    """Run the calls as simultaneously as threads can; their results in order."""
    start = Barrier(min(threads, len(calls)))

    def run(position, call):
        if position < start.parties:
            start.wait()
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(start.parties) as pool:
        return [future.result() for future in [pool.submit(run, *each) for each in enumerate(calls)]]


def entering(room, fan):
    return lambda: rooms.enter(concert_id=room.concert_id, account_id=fan)


class TestTwoHundredAtOnce:
    def test_get_numbers_without_gaps_or_doubles(self):
        room = make_room()
        places = at_once([entering(room, uuid4()) for _ in range(200)], threads=50)
        assert sorted(place.number for place in places) == list(range(1, 201))

    def test_are_let_in_by_four_tickers_up_to_the_limit_and_in_order(self):
        room = make_room(max_active=20)
        at_once([entering(room, uuid4()) for _ in range(200)])
        at_once([lambda: ticks.tick(room=Room.objects.get())] * 16, threads=4)
        rows = list(Admission.objects.order_by("id").values_list("number", "active_after"))
        assert sorted(rows) == [(number, number) for number in range(1, 21)]
        assert rooms.front(concert_id=room.concert_id).active == 20

    def test_are_served_to_the_last_while_others_enter_pay_leave_and_tick(self, queue_backend):
        size, threads = (120, 44) if queue_backend == "redis" else (40, 14)  # these ask without pause, for all they can
        room, fans = make_room(max_active=7, per_minute=100_000), [uuid4() for _ in range(size)]
        tickers, doors = [lambda: serve(room, fans)] * 4, [lambda fan=fan: visit(room, fan) for fan in fans]
        at_once(tickers + doors, threads=threads)
        rows = Admission.objects.all()
        assert sorted(row.number for row in rows) == list(range(1, size + 1))
        assert {row.account_id for row in rows} == set(fans)
        assert all(row.active_after <= row.limit_then == 7 for row in rows)
        in_time = sorted(rows, key=lambda row: (row.at, row.number))
        assert [row.number for row in in_time] == list(range(1, size + 1))
        assert rooms.front(concert_id=room.concert_id).active == 0


class TestOneAccountInManyTabs:
    def test_has_one_place(self):
        room, fan = make_room(), uuid4()
        places = at_once([entering(room, fan)] * 40)
        assert {place.number for place in places} == {1}
        assert [place.is_new for place in places].count(True) == 1

    def test_pays_once(self):
        room, fan = make_room(), uuid4()
        entering(room, fan)()
        ticks.tick(room=room)
        used = at_once([lambda: rooms.use(concert_id=room.concert_id, account_id=fan, number=1)] * 20)
        assert used.count(True) == 1


def visit(room, fan):
    """Enter, wait for the turn, then pay or leave."""
    account = {"concert_id": room.concert_id, "account_id": fan}
    place = rooms.enter(**account)
    end = time.monotonic() + 60
    while place.status == "WAITING" and time.monotonic() < end:
        place = rooms.place(**account)
    rooms.use(**account, number=place.number) if place.number % 2 else rooms.leave(**account)


def serve(room, fans):
    """Tick until all have been let in, or that takes too long."""
    row, end = Room.objects.get(pk=room.pk), time.monotonic() + 60
    while Admission.objects.count() < len(fans) and time.monotonic() < end:
        ticks.tick(room=row)
