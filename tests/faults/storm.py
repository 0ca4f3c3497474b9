"""Fans, workers and operators as real processes, and a nemesis that does to them what its seed says.

When it is over all are healed, time passes, and everything that is owed must be done.
"""

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.test import override_settings
from django.utils.timezone import now

from events.relay import relay
from payments.models import Charge
from queueing.models import Room
from reservations import confirmation
from reservations.models import Reservation
from tests.brokers.till import REST, TILL, Deployment, replay
from tests.everything import settle, unfinished
from tests.faults import days
from tests.faults.servers import keeping_what_is_committed
from tests.faults.stories import LATER, let_leases_end
from tests.processes import forked
from tests.world import World

IMPATIENT = {  # a storm lasts some seconds: so do leases, holds and deadlines in it
    "DELIVERY_LEASE_SECONDS": 2,
    "HOLD_SECONDS": 4,
    "PAY_DEADLINE_SECONDS": 3,
    "REFUND_DEADLINE_SECONDS": 3,
    "GAP_PATIENCE_SECONDS": 2,
}
DAYS = {"worker": days.work, "fan": days.shop, "operator": days.operate}
CREW = ["worker", "worker", "fan", "fan", "operator"]


def big_world(seats=60):
    """Nobody waits in it for long."""
    world = World.make(seats=seats)
    Room.objects.update(max_active=1000, per_minute=1000)
    return world


@dataclass
class Storm:
    """The blows strike the crew in this world for so many seconds. With a broker, the till stands elsewhere."""

    world: object
    blows: list
    seed: int
    home: Path
    redis: object = None
    broker: object = None
    seconds: float = 6
    crew: dict = field(default_factory=dict)  # {pid: (role, how)}

    def rage(self) -> Counter:
        """How often each blow has struck. Afterwards all have come to their ends."""
        self.random, self.over, struck = random.Random(self.seed), self.home / f"over-{self.seed}", Counter()
        weather = IMPATIENT | {"PUSH_AFTER_COMMIT": self.random.random() < 0.5}
        with override_settings(**weather), keeping_what_is_committed(settings.DATABASES):
            for role in CREW:
                self.send(role)
            stop_at = time.monotonic() + self.seconds
            while time.monotonic() < stop_at:
                time.sleep(self.random.uniform(0.1, 0.6))
                blow = self.random.choice(self.blows)
                blow.strike(self)
                struck[blow] += 1
                self.replace_the_dead()
            self.end()
        return struck

    def calm_down(self) -> list:
        """Time passes until nothing is owed any more. What is unfinished all the same."""
        for deadline in range(1, 7):
            let_leases_end()
            days.retry_the_dead()
            for charge in Charge.objects.filter(status="PENDING"):
                charge.settle()
            self.deliver_everything()
            confirmation.chase(now=now() + deadline * LATER)
        self.deliver_everything()
        return unfinished() + list(Reservation.objects.filter(status="PAYING"))

    # --- The crew

    def send(self, role, **how):
        if role == "worker" and "domains" not in how:
            how["domains"] = settings.ALL_DOMAINS if not self.broker else [REST, [TILL]][self.count("worker") % 2]
        chance = random.Random(self.random.random())
        self.crew[forked(partial(DAYS[role], self, chance, **how))] = role, how

    def one(self, role):
        """The process of somebody with that role."""
        return self.random.choice([pid for pid, (its, _how) in self.crew.items() if its == role])

    def count(self, role):
        return sum(its == role for its, _how in self.crew.values())

    def replace_the_dead(self):
        for pid in self.dead():
            role, how = self.crew.pop(pid)
            self.send(role, **how)

    def dead(self):
        return [pid for pid in self.crew if os.waitpid(pid, os.WNOHANG)[0]]

    def goes_on(self):
        return not self.over.exists()

    def end(self):
        self.over.touch()
        patience = time.monotonic() + 20
        while self.crew:
            for pid in self.dead():
                del self.crew[pid]
            if time.monotonic() > patience:  # he waits for what nobody gives him; he may die of it
                for pid in self.crew:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        connections.close_all()

    # --- After the storm

    def deliver_everything(self):
        if not self.broker:
            return settle()
        till, shop = Deployment(settings, [TILL]), Deployment(settings, REST)
        for deployment in (till, shop):
            deployment.declare()
        with shop:
            replay(to=TILL)
        with till:
            replay(to="reservations")
        while sum(one.forward() + one.receive(seconds=0.05) + one.relay() for one in (shop, till)):
            with shop:
                relay(external=True)
