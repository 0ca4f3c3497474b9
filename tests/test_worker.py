"""A real Celery worker with its beat, beside the shop."""

import os
import signal
import time

import pytest

from concert_site import alive
from reservations.models import Reservation
from tests.everything import assert_sound
from tests.processes import running

CELERY = ["-m", "celery", "-A", "concert_site"]


def eventually(predicate, *, seconds=30):
    """Whether it becomes true within the time; it is asked every fifth of a second."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if predicate():
            return True
        time.sleep(0.2)
    return False


@pytest.fixture
def worker(tmp_path):
    beat = running(*CELERY, "beat", "--schedule", str(tmp_path / "beat"), "--loglevel", "WARNING")
    worker = running(*CELERY, "worker", "--pool", "threads", "--concurrency", "2", "--loglevel", "WARNING")
    with beat, worker as process:
        yield process


class TestTheWorker:
    def test_finishes_what_the_shop_left_and_is_missed_when_it_is_killed(self, world, worker, settings, client):
        settings.PUSH_AFTER_COMMIT = False
        settings.SILENT_AFTER_SECONDS = 8
        world.alice.enter(world.concert)
        assert eventually(lambda: self.place_of(world.alice, world) == "ACTIVE")  # the worker ticks

        held = world.alice.hold(world.performance, world.seats[0]).json()
        assert world.alice.pay(held["id"], world.concert).status_code == 202
        assert eventually(lambda: Reservation.objects.get(id=held["id"]).status == "CONFIRMED", seconds=10)

        assert eventually(lambda: alive.silent() == {})
        assert client.get("/readyz").status_code == 200
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()

        assert eventually(lambda: client.get("/readyz").status_code == 503)
        assert list(client.get("/readyz").json()["troubles"]["processes"]) == ["worker"]
        assert_sound()

    def place_of(self, fan, world):
        return fan.call("get", f"/waiting-rooms/{world.concert.id}/place").json()["status"]
