"""What events cost, each beside the bare SQL for the same: python -m bench.events [RUNS] [--broker-down]

On a PostgreSQL of its own with fsync, or the empty database at DATABASE_URL; one process, one thread, all domains in
one database. Ratios of one run, medians of RUNS (3); times are of this machine at that moment and compare with nothing.
Ends with 1 when a target is missed.

claim           100 heads of other lanes: with a lane of 100,000 behind a dead head, or behind one that is tried again,
                or with 100,000 deliveries done; each to the same claim without them
relay           1,000 lanes of one event drained in batches of 100, a handler that does nothing: claim, cursor, inbox,
                effect, finish. Beside it, drain by drain in turn: the claim's and the finish's statements alone, each
                committed (heads of lanes FOR UPDATE SKIP LOCKED under a lease; done, and the next of the lane woken);
                the same with the inbox's statement, which no consumer can do without; and a loop that has neither
                lanes nor leases nor an inbox (FOR UPDATE SKIP LOCKED, done, one commit)
publish         its share of a hold's transaction, as an addition to the rest
purchase        submit to CONFIRMED with push (claims, effects, finishes, the waiting room's Redis), to the SQL of its
                transactions alone, recorded once and sent again with other ids
--broker-down   only that: a shop's API while the broker to the till is down for a minute, and what came of it
                (bench/outage.py)
"""

import argparse
import operator
import statistics
import sys

from bench.database import database

MEETS = {"<": operator.lt, "≤": operator.le, "≥": operator.ge}


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench.events")
    arguments.add_argument("runs", nargs="?", type=int, default=3)
    arguments.add_argument("--broker-down", action="store_true")
    asked = arguments.parse_args()
    if asked.broker_down:
        from bench.outage import outages

        return report(outages(asked.runs))
    with database():
        return report(row for number in range(asked.runs) for row in one_run(number + 1, asked.runs))


def one_run(number, runs):
    from bench import buying, relaying

    for part in (relaying.claims, relaying.relays, buying.purchases):
        yield from part()
    print(f"run {number} of {runs}", file=sys.stderr)


def report(rows) -> int:
    """Prints the median of each; 1 when one misses its bound."""
    found, bounds = {}, {}
    for what, ratio, bound in rows:
        found.setdefault(what, []).append(ratio)
        bounds[what] = bound
    missed = [what for what, ratios in found.items() if not meets(statistics.median(ratios), bounds[what])]
    for what, ratios in found.items():
        each = " ".join(f"{ratio:.2f}" for ratio in ratios)
        verdict = "missed" if what in missed else "ok" if bounds[what] else ""
        print(f"{what:42} {statistics.median(ratios):6.2f}  {bounds[what]:6} {verdict:6}  runs {each}")
    return int(bool(missed))


def meets(ratio, bound):
    if not bound:
        return True
    sign, number = bound.split()
    return MEETS[sign](ratio, float(number))


if __name__ == "__main__":
    sys.exit(main())
