"""make chaos: storms, stories and crash points for a given time, from a seed; at the end a table of what held.

Not collected with the other tests. Each turn has a world and a seed of its own, which is printed when it fails.
"""

import os
import random
import subprocess
import time
import traceback
from collections import Counter, defaultdict
from contextlib import contextmanager
from itertools import count, cycle, repeat

import pytest
from django.conf import settings as deployment
from django.core.cache import cache
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from concert_site.invariants import LETTERS
from events.forwarding import hang_up
from tests.brokers.servers import RedisBroker
from tests.everything import not_kept
from tests.faults.listed import FAULTS
from tests.faults.nemesis import APART, BETWEEN, PROCESSES, SERVERS
from tests.faults.points import BLOWS
from tests.faults.stories import STORIES, gone_on, told_and_hit
from tests.faults.storm import Storm, big_world
from tests.faults.test_whole_flow import UNHURRIED
from tests.faults.whole_flow import WholeFlow
from tests.sweeping import sweep

SECONDS = int(os.environ.get("CHAOS_SECONDS") or 300)
SEED = int(os.environ.get("CHAOS_SEED") or time.time())
DONE = "done"  # the column of what is owed
POINTS = {  # what is hit where a story is
    "dies before": ("consumer killed before its commit", "relay killed after a claim"),
    "dies after": ("consumer killed after its commit", "shop killed after the hold's commit"),
    "fails": ("database restarted during each step",),
    "loses the answer": ("outcome of a commit unknown",),
}
FLOW = ("each message three times, shuffled", "debit declined", "refund before debit")


class Chaos:
    """Turn after turn; what became of it."""

    def __init__(self, home, redis):
        self.home, self.redis = home, redis
        self.struck, self.broken = Counter(), defaultdict(set)  # by fault; the letters

    def turns(self):
        """For ever: (what to do with a seed, in words)."""
        points = cycle([(story, name) for story in STORIES for name in BLOWS])
        apart = "payments" in deployment.DATABASES
        while True:
            yield "processes", lambda seed: self.storm(seed, PROCESSES)
            yield "servers", lambda seed: self.storm(seed, SERVERS + APART * apart)
            if apart:
                yield "a broker between", self.storm_between
            story, name = next(points)
            yield f"{story.__name__} {name}", lambda seed, story=story, name=name: self.crash_points(story, name)
            yield "the whole flow", self.whole_flow
            yield "everything", lambda seed: self.storm(seed, PROCESSES + SERVERS + APART * apart)

    def run(self, seconds):
        print(f"\nseed {SEED}, commit {commit()}, {seconds} s", flush=True)
        stop_at, began = time.monotonic() + seconds, time.monotonic()
        for number, (words, turn) in enumerate(self.turns()):
            if time.monotonic() > stop_at:
                return
            its_seed = SEED * 1000 + number
            outcome = self.outcome(turn, its_seed)
            print(f"{time.monotonic() - began:5.0f} s  turn {number}: {words}: {outcome}", flush=True)

    def outcome(self, turn, seed):
        sweep(deployment.DATABASES)
        self.redis.empty()
        cache.clear()
        self.now = ()
        try:
            undone = turn(seed)
            wrong = not_kept() | ({DONE: undone} if undone else {})
        except Exception:
            traceback.print_exc()
            wrong = {DONE: "an error, above"}
        for fault in self.now:
            self.struck[fault] += 1
            self.broken[fault] |= set(wrong)
        return f"BROKEN, seed {seed}, commit {commit()}: {wrong}" if wrong else "held"

    # --- Turns

    def storm(self, seed, blows, broker=None):
        chosen = random.Random(seed).sample(blows, min(3, len(blows)))
        storm = Storm(big_world(), chosen, seed=seed, home=self.home, redis=self.redis, broker=broker)
        self.now = [fault for blow in chosen for fault in blow.faults]
        self.now = [fault for blow, times in storm.rage().items() if times for fault in blow.faults]
        return storm.calm_down()

    def storm_between(self, seed):
        with a_broker() as broker:
            return self.storm(seed, PROCESSES + BETWEEN, broker=broker)

    def whole_flow(self, its_seed):
        self.now = FLOW
        deployment.PUSH_AFTER_COMMIT = False
        long = settings(**UNHURRIED, max_examples=6, stateful_step_count=50, phases=[Phase.generate])
        run_state_machine_as_test(seed(its_seed)(WholeFlow), settings=long)

    def crash_points(self, story, name):
        self.now = POINTS[name]
        deployment.PUSH_AFTER_COMMIT, deployment.DELIVERY_LEASE_SECONDS = False, 3600
        tellings = told_and_hit(story, big_world(seats=200), points=count(1), blows=repeat(BLOWS[name]))
        return gone_on(list(tellings))

    # --- The table

    def table(self):
        columns = [*LETTERS, DONE]
        lines = [f"{'':<50} {'times':>5} {' '.join(f'{each:>6}' for each in columns)}"]
        for fault in FAULTS:
            cells = [self.cell(fault, column) for column in columns]
            lines.append(f"{fault:<50} {self.struck[fault]:>5} {' '.join(f'{each:>6}' for each in cells)}")
        return "\n".join(lines)

    def cell(self, fault, column):
        """held, BROKEN, or - where the fault was not met."""
        if not self.struck[fault]:
            return "-"
        return "BROKEN" if column in self.broken[fault] else "held"


@contextmanager
def a_broker():
    broker = RedisBroker().start()
    deployment.BROKER_URL = broker.url
    try:
        yield broker
    finally:
        deployment.BROKER_URL = ""
        hang_up()
        broker.stop()


def commit():
    told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return told.stdout.strip() or "unknown"


class TestChaos:
    @pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="a server of yours is not ours to crash")
    def test_breaks_nothing(self, transactional_db, own_redis, settings, tmp_path):
        for name in ("PUSH_AFTER_COMMIT", "DELIVERY_LEASE_SECONDS", "BROKER_URL", "DOMAINS"):
            setattr(settings, name, getattr(settings, name))  # so that they are as before when it is over
        chaos = Chaos(tmp_path, own_redis)
        chaos.run(SECONDS)
        print(f"\n{chaos.table()}\n\nheld, BROKEN, or - : not met in this run. seed {SEED}, commit {commit()}")
        if any(chaos.broken.values()):
            pytest.fail("Something broke; the turns above say what.", pytrace=False)
