"""How fast the waiting room is, beside plain Django views on the same server: python -m bench.waiting_room [--quick]

Starts the service itself. Each figure is the median of an odd number of rounds; in each, a view of ours and the plain
one that it is compared with run one right after the other. docs/benchmarks.md explains the rows.
"""

import argparse
import os
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import timedelta

from bench.stack import load, request, service

CONSTANT = "/api/v1/bench/constant"
ONE_REDIS_CALL = "/api/v1/bench/one-redis-call"
AT_ONCE = 800
ADMITTED = 100  # by one tick


@dataclass(frozen=True)
class Size:
    rounds: int
    fans: int
    seconds: float
    crowd: int
    rate: int


FULL = Size(rounds=3, fans=8000, seconds=3, crowd=1_000_000, rate=1000)
QUICK = Size(rounds=1, fans=2000, seconds=1, crowd=100_000, rate=500)


class Bench:
    """Runs the scenarios and prints a row for each."""

    def __init__(self, port, size):
        from bench import crowd

        self.port, self.size, self.crowd = port, size, crowd
        self.tokens = crowd.tokens(size.fans)
        self.missed = []

    def run(self):
        self._warm_up()
        print(HEADING)
        self.compare_entering_and_polling()
        self.compare_the_public_room()
        self.arrive_at_a_fixed_rate()
        self.arrive_at_once()
        if os.environ.get("QUEUE_BACKEND", "redis") == "redis":
            self.grow()

    # Each request beside the plain view

    def compare_entering_and_polling(self):
        entering, polling = [], []
        for _ in range(self.size.rounds):
            room = self.crowd.open_room()
            plain = [request("POST", ONE_REDIS_CALL)] * self.size.fans
            entering.append(self._pair(plain, self._each("POST", room)))
            plain = [request("GET", ONE_REDIS_CALL)] * self.size.fans
            polling.append(self._pair(plain, self._each("GET", room)))
        self._tell_ratio("enter, each fan once", "one Redis call", entering, at_least=0.8)
        self._tell_ratio("personal status", "one Redis call", polling, at_least=0.8)

    def compare_the_public_room(self):
        room = self.crowd.open_room()
        ours, plain = [request("GET", self._path(room, ""))], [request("GET", CONSTANT)]
        pairs = [self._pair(plain, ours, seconds=self.size.seconds) for _ in range(self.size.rounds)]
        self._tell_ratio("public status", "constant", pairs, at_least=0.95)

    def _pair(self, plain, ours, **options):
        return self._load(plain, **options), self._load(ours, **options)

    def _tell_ratio(self, what, beside, pairs, *, at_least):
        ratio = statistics.median(ours.per_second / plain.per_second for plain, ours in pairs)
        plain, ours = (statistics.median(outcome.per_second for outcome in side) for side in zip(*pairs, strict=True))
        figures = f"{ours:6.0f}/s, {beside} {plain:6.0f}/s"
        self._tell(what, figures, f"{ratio:.2f} ×", f">= {at_least} ×", ratio >= at_least and self._is_clean(pairs))

    # Arrivals that do not wait for answers

    def arrive_at_a_fixed_rate(self):
        room = self.crowd.open_room()
        count = int(self.size.rate * self.size.seconds)
        fans = self.tokens[:count]
        for what, requests in {
            "a plain view with one Redis call": [request("GET", ONE_REDIS_CALL)] * count,
            "enter": self._each("POST", room, fans),
            "personal status": self._each("GET", room, fans),
            "public status": [request("GET", self._path(room, ""))] * count,
        }.items():
            outcomes = [self._load(requests, rate=self.size.rate) for _ in range(self.size.rounds)]
            self._tell(f"{self.size.rate}/s arrive: {what}", percentiles(outcomes), "", "no error", clean(outcomes))

    def arrive_at_once(self):
        outcomes = []
        for _ in range(max(3, self.size.rounds)):
            requests = self._each("POST", self.crowd.open_room(), self.tokens[:AT_ONCE])
            outcomes.append(self._load(requests, connections=AT_ONCE))
        p90, p95, worst = (median(outcomes, name) for name in ("p90", "p95", "max"))
        is_met = p90 < 300 and p95 < 500 and worst < 2000 and clean(outcomes)
        target = "p90 < 300, p95 < 500, max < 2000, no error"
        self._tell(f"{AT_ONCE} enter at once", percentiles(outcomes), "", target, is_met)

    # A thousand times the crowd

    def grow(self):
        few, memory = self.crowd.open_room(**TICKING), 0
        self.crowd.fill(few, 1000)
        many, memory = self.crowd.open_room(**TICKING), self.crowd.redis_memory()
        self.crowd.fill(many, self.size.crowd)
        bytes_each = (self.crowd.redis_memory() - memory) / self.size.crowd
        fans = self.tokens[: self.size.fans // 2]
        for what, method in {"enter": "POST", "personal status": "GET"}.items():
            pairs = [
                self._pair(self._each(method, few, part), self._each(method, many, part))
                for part in parts(fans, self.size.rounds)
            ]
            times = [[1000 / outcome.per_second for outcome in pair] for pair in pairs]
            self._tell_growth(what, times, clean=self._is_clean(pairs))
        self._tell_growth(f"a tick that lets {ADMITTED} in", self._ticks(few, many))
        self._tell("Redis per waiting place", f"{bytes_each:.0f} bytes", "", "<= 250", bytes_each <= 250)

    def _ticks(self, *rooms):
        return [[self._tick(room, minute) for room in rooms] for minute in range(1, 2 * self.size.rounds + 4)]

    def _tick(self, room, minute):
        from queueing.ticks import tick

        now = room.changed_at + timedelta(minutes=2 * minute)
        started = time.perf_counter()
        admitted = tick(room=room, now=now)
        assert len(admitted) == ADMITTED, f"{len(admitted)} were let in"
        return (time.perf_counter() - started) * 1000

    def _tell_growth(self, what, times, *, clean=True):
        ratio = statistics.median(many / few for few, many in times)
        few, many = (statistics.median(side) for side in zip(*times, strict=True))
        figures = f"{many:.2f} ms with {self.size.crowd:,} waiting, {few:.2f} ms with 1,000"
        self._tell(what, figures, f"{ratio:.2f} ×", "<= 1.5 ×", ratio <= 1.5 and clean)

    # What all share

    def _warm_up(self):
        room = self.crowd.open_room()
        for requests in (self._each("POST", room), self._each("GET", room), [request("GET", CONSTANT)] * 2000):
            self._load(requests[:2000])

    def _load(self, requests, **options):
        return load(self.port, requests, **options)

    def _path(self, room, resource="/place"):
        return f"/api/v1/waiting-rooms/{room.concert_id}{resource}"

    def _each(self, method, room, tokens=None):
        path = self._path(room)
        return [request(method, path, token=token) for token in tokens or self.tokens]

    def _is_clean(self, pairs):
        return all(clean(pair) for pair in pairs)

    def _tell(self, what, figures, ratio, target, is_met):
        print(f"{what:42} | {figures:52} | {ratio:7} | {target:42} | {'ok' if is_met else 'MISSED'}", flush=True)
        if not is_met:
            self.missed.append(what)


TICKING = {"max_active": 100_000, "per_minute": ADMITTED}
HEADING = f"{'':42} | {'':52} | {'ratio':7} | {'target':42} |"


def parts(items, count):
    size = len(items) // count
    return [items[start : start + size] for start in range(0, size * count, size)]


def median(outcomes, name):
    return statistics.median(getattr(outcome, name) for outcome in outcomes)


def clean(outcomes):
    for outcome in outcomes:
        if outcome.errors:
            print(f"errors: {outcome.statuses}", file=sys.stderr)
    return not any(outcome.errors for outcome in outcomes)


def percentiles(outcomes):
    return "  ".join(f"{name} {median(outcomes, name):.1f}" for name in ("p50", "p90", "p95", "p99", "max")) + " ms"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="one round of each, and a smaller crowd")
    size = QUICK if arguments.parse_args().quick else FULL
    print(f"{os.cpu_count()} cores, shared by the service, its servers and the load; queue backend", end=" ")
    print(f"{os.environ.get('QUEUE_BACKEND', 'default')}; medians of {size.rounds}")
    with service() as port:
        bench = Bench(port, size)
        bench.run()
    sys.exit(f"missed: {', '.join(bench.missed)}" if bench.missed else 0)


if __name__ == "__main__":
    main()
