"""The waiting room with real processes: four workers that tick, and a Redis of its own that is killed and wiped."""

import random
import signal
import subprocess
import time
from uuid import uuid4

import pytest
from django.db import connections
from redis import Redis
from redis.exceptions import ConnectionError

from concert_site.invariants import violations
from local_stack import binaries
from local_stack.directory import free_port
from queueing import rooms
from queueing.models import Admission, Room
from tests.processes import running
from tests.threads import at_once

FANS = 2_000
TICKER = """
import time, django
django.setup()
from queueing.ticks import tick_rooms
while True:
    tick_rooms()
    time.sleep(0.05)
"""


class OwnRedis:
    """A server that keeps nothing on disk: killed, it has forgotten everything."""

    def __init__(self):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self):
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen([binaries.valkey(), *options], stdout=subprocess.DEVNULL)
        assert eventually(self.answers)

    def answers(self):
        try:
            return Redis.from_url(self.url).ping()
        except ConnectionError:
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def eventually(predicate, *, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if predicate():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def own_redis(settings):
    server = OwnRedis()
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": server.url}}
    yield server
    server.kill()


@pytest.fixture
def room(transactional_db, own_redis):
    return Room.objects.create(concert_id=uuid4(), state=Room.State.OPEN, max_active=50, per_minute=1_000_000)


@pytest.fixture
def crowd(room):
    """{account: place}, of fans who have entered sixteen at a time."""
    fans = [uuid4() for _ in range(FANS)]
    places = {}

    def enter(some):
        for fan in some:
            places[fan] = rooms.enter(concert_id=room.concert_id, account_id=fan)

    results = at_once(*[lambda some=fans[n::16]: enter(some) for n in range(16)])
    assert results == [None] * 16
    return places


def ticking(own_redis):
    return running("-c", TICKER, REDIS_URL=own_redis.url, DJANGO_SETTINGS_MODULE="concert_site.settings")


def asked(room, fan, place):
    return rooms.place(concert_id=room.concert_id, account_id=fan, token=place.token)


def let_in(room):
    connections[Admission.objects.db].close()
    return set(Admission.objects.filter(room=room).values_list("account_id", flat=True))


class TestFourWorkersTickingAtOnce:
    def test_let_two_thousand_in_up_to_the_limit_and_in_order(self, room, own_redis, crowd):
        with ticking(own_redis), ticking(own_redis), ticking(own_redis), ticking(own_redis):
            served = set()
            while len(served) < FANS:
                assert eventually(lambda: len(let_in(room)) > len(served))
                for fan in let_in(room) - served:
                    rooms.use(concert_id=room.concert_id, account_id=fan, number=crowd[fan].number)
                    served.add(fan)
        rows = list(Admission.objects.order_by("at", "number").values_list("number", "active_after", "limit_then"))
        assert [number for number, _, _ in rows] == list(range(1, FANS + 1))
        assert all(active <= limit == 50 for _, active, limit in rows)
        assert violations(["Q"]) == {}


@pytest.mark.fault("Redis killed and restarted", "Redis wiped", holds="Q")
class TestARedisKilledAndWipedAmidTwoThousandWaiting:
    def test_costs_nobody_his_place_and_lets_nobody_in_unasked(self, room, own_redis, crowd):
        with ticking(own_redis), ticking(own_redis):
            assert eventually(lambda: len(let_in(room)) == 50)
            inside = let_in(room)
            passes = {fan: asked(room, fan, place) for fan, place in crowd.items()}

            own_redis.kill()
            with pytest.raises(rooms.RoomUnavailable):
                asked(room, *next(iter(passes.items())))
            own_redis.start()

            back = list(passes)
            random.Random(7).shuffle(back)
            found = {fan: asked(room, fan, passes[fan]) for fan in back}
            assert {fan: place.number for fan, place in found.items()} == {f: p.number for f, p in passes.items()}
            assert {fan for fan, place in found.items() if place.is_active} == inside == let_in(room)
            assert rooms.enter(concert_id=room.concert_id, account_id=uuid4()).number > FANS

            for fan in inside:
                rooms.use(concert_id=room.concert_id, account_id=fan, number=passes[fan].number)
            Room.objects.filter(pk=room.pk).update(max_active=FANS, version=room.version + 1)
            assert eventually(lambda: len(let_in(room)) == FANS + 1)
        assert violations(["Q"]) == {}


class TestAPassFromBeforeALoss:
    def test_of_who_has_bought_brings_nothing_back(self, room, own_redis, crowd):
        with ticking(own_redis):
            assert eventually(lambda: len(let_in(room)) == 50)
            fan = next(iter(let_in(room)))
            held = asked(room, fan, crowd[fan])
            assert rooms.use(concert_id=room.concert_id, account_id=fan, number=held.number)
            own_redis.kill()
            own_redis.start()
            assert asked(room, fan, held) is None

    def test_is_of_no_use_to_somebody_else(self, room, own_redis, crowd):
        token = next(iter(crowd.values())).token
        own_redis.kill()
        own_redis.start()
        assert rooms.place(concert_id=room.concert_id, account_id=uuid4(), token=token) is None

    def test_is_of_no_use_while_nothing_was_lost(self, room, own_redis, crowd):
        fan, place = next(iter(crowd.items()))
        rooms.leave(concert_id=room.concert_id, account_id=fan)
        assert asked(room, fan, place) is None
