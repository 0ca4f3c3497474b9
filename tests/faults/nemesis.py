"""What the nemesis of a storm can do to whom, each with the faults of tests/faults/listed.py that it is."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connections

from tests.faults.servers import close, crash, reopen


@dataclass(frozen=True, eq=False)
class Blow:
    """strike: does it to the storm, once, and heals what would last."""

    strike: Callable
    faults: tuple


def kill_a_worker(storm):
    os.kill(storm.one("worker"), signal.SIGKILL)


def kill_a_shop(storm):
    os.kill(storm.one("fan"), signal.SIGKILL)


def freeze_a_worker(storm):
    """Longer than its lease; then it is woken."""
    pid = storm.one("worker")
    os.kill(pid, signal.SIGSTOP)
    time.sleep(settings.DELIVERY_LEASE_SECONDS + 0.5)
    os.kill(pid, signal.SIGCONT)


def let_a_worker_join(storm):
    if storm.count("worker") < 3:
        storm.send("worker")


def set_a_clock_wrong(storm):
    """A worker with that clock takes another's place."""
    pid = storm.one("worker")
    _role, how = storm.crew.pop(pid)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    storm.send("worker", **how | {"minutes": storm.random.choice([-10, 10])})


def crash_the_server(storm):
    connections["default"].ensure_connection()
    crash(connections["default"])
    connections.close_all()


def send_a_database_away(storm):
    alias = storm.random.choice([alias for alias in settings.DATABASES if alias not in ("default", "accounts")])
    close(alias)
    time.sleep(storm.random.uniform(0.5, 2))
    reopen(alias)


def restart_redis(storm):
    storm.redis.end()
    time.sleep(storm.random.uniform(0, 1))
    storm.redis.start()


def wipe_redis(storm):
    storm.redis.wipe()


def take_the_broker_away(storm):
    storm.broker.end()
    time.sleep(storm.random.uniform(0.5, 2))
    storm.broker.start()


def freeze_the_broker(storm):
    """Who sends in the meantime is not told that it was applied."""
    storm.broker.freeze()
    time.sleep(1.5)
    storm.broker.thaw()


def wipe_the_broker(storm):
    storm.broker.wipe()


PROCESSES = [
    Blow(
        kill_a_worker,
        (
            "relay killed after a claim",
            "relay killed after publishing",
            "relay killed halfway through a lane",
            "consumer killed before its commit",
            "consumer killed after its commit",
        ),
    ),
    Blow(kill_a_shop, ("shop killed after the hold's commit", "shop killed between commit and push")),
    Blow(freeze_a_worker, ("relay frozen longer than its lease, then woken",)),
    Blow(let_a_worker_join, ("two relays", "three relays")),
    Blow(set_a_clock_wrong, ("worker's clock 10 minutes wrong",)),
]
SERVERS = [
    Blow(crash_the_server, ("database restarted during each step", "outcome of a commit unknown")),
    Blow(restart_redis, ("Redis killed and restarted",)),
    Blow(wipe_redis, ("Redis wiped",)),
]
APART = [  # where each domain has its own database
    Blow(send_a_database_away, ("a domain's database away for a minute",)),
]
BETWEEN = [  # where the till stands elsewhere
    Blow(take_the_broker_away, ("broker down for a minute",)),
    Blow(freeze_the_broker, ("publish timed out but applied",)),
    Blow(wipe_the_broker, ("broker wiped",)),
]
