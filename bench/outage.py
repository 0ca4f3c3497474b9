"""A shop and a till in deployments of their own, and the broker between them down for a minute.

Fans hold, pay and look at their reservations over the shop's API at a fixed rate, from a process of its own: a minute
with the broker up, a minute with its process killed, a while with it back. Then everything has to arrive.
"""

import itertools
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from bench.database import SETTINGS
from bench.stack import HOST, load, request, wait_for_answer
from local_stack import ROOT, postgres, split
from local_stack.directory import free_port
from local_stack.environment import environment
from local_stack.programs import web_command
from local_stack.servers import Servers, temporary_directory
from tests.brokers.servers import RedisBroker

SHOP, TILL = "accounts,reservations,queueing,settlement", "payments"
SECONDS, RATE, FANS = 60, 9, 50  # of a part; requests a second, a third of each kind; who make them
PARTS = ["up", "down", "back"]
PATIENCE = 120  # seconds until everything has arrived, after the broker is back


def outages(runs):
    with deployments() as (port, broker):
        box_office = BoxOffice(port, seats=(runs * len(PARTS) + 1) * 2 * _of_each_kind(SECONDS))
        box_office.buy(seconds=5)  # to warm up
        box_office.wait_for_everything()
        for _ in range(runs):
            yield from outage(box_office, broker)


def outage(box_office, broker):
    up = box_office.buy()
    broker.end()
    down = box_office.buy()
    broker.start()
    back = box_office.buy(seconds=SECONDS // 3)
    box_office.wait_for_everything()
    for part, seen in zip(PARTS, [up, down, back], strict=True):
        print(f"{part}: p99 {seen.p99:.1f} ms, {seen.statuses}", file=sys.stderr)
    yield "p99 of the API, broker down to up", down.p99 / up.p99, "≤ 1.5"
    yield "p99 of the API, broker back to up", back.p99 / up.p99, ""
    yield "answers that were errors", up.errors + down.errors + back.errors, "≤ 0"
    yield "dead letters", box_office.dead(), "≤ 0"
    yield "deliveries not done", box_office.undelivered(), "≤ 0"
    yield "paid and not confirmed", box_office.unconfirmed(), "≤ 0"


def _of_each_kind(seconds):
    return seconds * RATE // 3


# --- What runs ---------------------------------------------------------------------------------------------------


@contextmanager
def deployments():
    """The port of the shop's API, and the broker. Inside, this process can see into both deployments."""
    directory, broker = Path(temporary_directory()), RedisBroker()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        stack.callback(broker.stop)
        servers = stack.enter_context(Servers(directory, user="a benchmark"))
        broker.start()
        _become_both(servers)
        yield _start(servers, broker), broker


def _become_both(servers):
    os.environ.update(environment(servers) | SETTINGS)
    os.environ["ALLOWED_HOSTS"] = HOST
    os.environ["PAYMENTS_DATABASE_URL"] = _till_database(servers)
    os.environ["REDIS_URL"] = split.redis_database(servers.redis_url, 1)
    postgres.create_databases(servers.database_url, [urlsplit(_till_database(servers)).path.removeprefix("/")])
    import django

    django.setup()
    from local_stack.prepare import migrate

    with redirect_stdout(sys.stderr):
        migrate()


def _till_database(servers):
    return f"{servers.database_url}_till"


def _start(servers, broker):
    port = free_port()
    both = {name: value for name, value in os.environ.items() if name != "PAYMENTS_DATABASE_URL"}
    both |= {"BROKER_URL": broker.url}
    shop = both | {"DOMAINS": SHOP}
    till = {"DOMAINS": TILL, "DATABASE_URL": _till_database(servers)}
    till = both | till | {"REDIS_URL": split.redis_database(servers.redis_url, 2)}
    _program(servers, "till", ["manage.py", "work"], till)
    _program(servers, "worker", ["manage.py", "work"], shop)
    web = _program(servers, "web", ["-m", *web_command(HOST, port)], shop | {"DATABASE_POOL": "1"})
    wait_for_answer(port, web, servers.directory.log / "web.log")
    return port


def _program(servers, name, command, variables):
    with open(servers.directory.log / f"{name}.log", "ab") as log:
        return servers.guard.start(
            [sys.executable, *map(str, command)], cwd=ROOT, env=variables, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log,
        )  # fmt: skip


# --- Who comes ---------------------------------------------------------------------------------------------------


class BoxOffice:
    """The shop as its fans see it, and what is in both deployments' databases."""

    def __init__(self, port, *, seats):
        from reservations.models import Concert
        from tests.world import make_performance

        self.port = port
        self.performance = make_performance(Concert.objects.create(title="Bench"), seats=seats, seat_limit=seats)
        self._seats = iter(self.performance.seats.order_by("order"))
        self._fans = itertools.cycle([signed_up() for _ in range(FANS)])
        self.paid = []

    def buy(self, *, seconds=SECONDS):
        """As the load generator saw it."""
        count = _of_each_kind(seconds)
        held = [self._hold() for _ in range(count)]
        requests = [each for token, reservation in held for each in self._visit(token, reservation)]
        self.paid += [reservation.id for _, reservation in held]
        return load(self.port, requests, rate=RATE, seconds=seconds)

    def _hold(self):
        from reservations import holding

        fan, token = next(self._fans)
        seats = [next(self._seats).id]
        return token, holding.hold(performance=self.performance, seat_ids=seats, user_id=fan.id)

    def _visit(self, token, reservation):
        """A fan holds another seat, pays for the one he has, and looks at it."""
        path = f"/api/v1/reservations/{reservation.id}"
        wish = {"performance": str(self.performance.id), "seats": [str(next(self._seats).id)]}
        yield request("POST", "/api/v1/reservations", token=token, body=wish, **{"Idempotency-Key": uuid4()})
        yield request("POST", f"{path}/payment", token=token, **{"Idempotency-Key": uuid4()})
        yield request("GET", path, token=token)

    def wait_for_everything(self):
        """What has not arrived by then does not count as delivered."""
        stop_at = time.monotonic() + PATIENCE
        while (self.unconfirmed() or self.undelivered()) and time.monotonic() < stop_at:
            time.sleep(0.2)

    def undelivered(self) -> int:
        return sum(rows.unfinished().count() for rows in self._deliveries())

    def dead(self) -> int:
        return sum(rows.dead().count() for rows in self._deliveries())

    def unconfirmed(self) -> int:
        from reservations.models import Reservation

        return len(self.paid) - Reservation.objects.filter(id__in=self.paid, status="CONFIRMED").count()

    def _deliveries(self):
        from events import bus
        from events.models import Delivery

        return [Delivery.objects.using(alias).all() for alias in bus.databases()]


def signed_up():
    """A fan with a million points, and his token."""
    from django.utils.timezone import now

    from accounts.models import ApiToken, User
    from payments.models import Charge

    user = User.objects.create(email=f"fan-{uuid4().hex}@bench.example", name="Fan", password="!")
    for _ in range(5):
        Charge.make(user_id=user.id, amount=2_000_000, key=str(uuid4()))
    return user, ApiToken.issue(user=user, now=now())[1]
