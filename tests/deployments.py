"""Five deployments and the edge before them, as real processes; and fans who know the edge's address only."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import psycopg

from local_stack import DOMAINS, postgres, split
from local_stack.directory import free_port
from local_stack.guard import Guard
from local_stack.servers import temporary_directory
from tests.brokers.servers import RedisBroker, wait_for

PASSWORD = "row-a-seat-1"


class Deployments:
    """Running inside the `with`. They share a PostgreSQL server and a Redis of their own, and no database in either."""

    def __enter__(self):
        self.home = temporary_directory()
        self.guard = Guard(remove=self.home)
        self.redis = RedisBroker().start()
        self.settings = {
            "database_urls": split.urls(f"{os.environ['DATABASE_URL']}_split"),
            "redis_url": self.redis.url,
            "broker_url": "",
        }
        try:
            self._make_databases()
            self._start()
            self.world = json.loads(self.manage("reservations", "-m", "tests.split_world", whole=True))
            wait_for(self._is_ready, log=self.home / "log")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.guard.end()
        self.redis.stop()
        self._drop_databases()

    def manage(self, domain, *command, whole=False):
        """The output of a command in that domain's deployment; `whole`: in one that has them all, with its Redis."""
        process = self._python(domain, *command, whole=whole, stdout=subprocess.PIPE)
        output, _ = process.communicate(timeout=60)
        self.guard.forget(process)
        assert process.returncode == 0, f"{command}: {output}\n{self.log()}"
        return output

    def log(self):
        return (self.home / "log").read_text()[-5000:]

    @contextmanager
    def frozen(self, domain):
        """Its worker stands still."""
        os.killpg(self.workers[domain].pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.workers[domain].pid, signal.SIGCONT)

    def _make_databases(self):
        self._drop_databases()
        postgres.create_databases(os.environ["DATABASE_URL"], self._names())
        migrations = [self._python(domain, "manage.py", "migrate", "--no-input", "-v0") for domain in DOMAINS]
        for process in migrations:
            assert process.wait(timeout=60) == 0, self.log()
            self.guard.forget(process)

    def _drop_databases(self):
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            for name in self._names():
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _names(self):
        return [urlsplit(url).path.removeprefix("/") for url in self.settings["database_urls"].values()]

    def _start(self):
        self.workers = {domain: self._python(domain, "manage.py", "work") for domain in DOMAINS}
        ports = {domain: free_port() for domain in DOMAINS if domain not in split.WITHOUT_WEB}
        for domain, port in ports.items():
            granian = ["-m", "granian", "concert_site.wsgi:application", "--interface", "wsgi", "--no-ws"]
            self._python(domain, *granian, "--port", port, "--workers", 1, "--blocking-threads", 2)
        self.url = f"http://127.0.0.1:{free_port()}"
        pairs = [f"{domain}={port}" for domain, port in ports.items()]
        self._python("accounts", "-m", "local_stack.edge", "--port", urlsplit(self.url).port, *pairs)

    def _is_ready(self):
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=10).status_code == 200
        except httpx2.HTTPError:
            return False

    def _python(self, domain, *command, whole=False, stdout=None):
        settings = split.everything(redis_of=domain, **self.settings) if whole else self._deployment(domain)
        inherited = {name: value for name, value in os.environ.items() if not name.endswith("_DATABASE_URL")}
        with open(self.home / "log", "ab") as log:
            return self.guard.start(
                [sys.executable, *command], env=inherited | settings, stdin=subprocess.DEVNULL,
                stdout=stdout or log, stderr=log, text=True,
            )  # fmt: skip

    def _deployment(self, domain):
        return split.deployment(domain, **self.settings)


class Fan:
    """Signs up, and acts through the API at the edge."""

    def __init__(self, deployments, name, *, points):
        self.world = deployments.world
        self.api = httpx2.Client(base_url=f"{deployments.url}/api/v1/", timeout=30)
        who = {"email": f"{name}-{uuid4().hex[:8]}@example.com", "password": PASSWORD}
        self.call("post", "accounts", who | {"name": name}, expect=201)
        token = self.call("post", "sessions", who, expect=201)["token"]
        self.api.headers["Authorization"] = f"Bearer {token}"
        self.call("post", "points/charges", {"amount": points}, expect=201)

    def call(self, method, path, body=None, *, expect=200):
        answer = self.api.request(method, path, json=body, headers={"Idempotency-Key": str(uuid4())})
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def enter(self):
        """Wait until it is his turn."""
        place = f"waiting-rooms/{self.world['concert']}/place"
        self.call("post", place, expect=201)
        eventually(lambda: self.call("get", place)["status"] == "ACTIVE")
        self.api.headers["Queue-Token"] = self.call("get", place)["token"]

    def hold(self, seat, *, expect=201):
        body = {"performance": self.world["performance"], "seats": [self.world["seats"][seat]]}
        return self.call("post", "reservations", body, expect=expect)

    def pay(self, reservation):
        self.call("post", f"reservations/{reservation['id']}/payment", expect=202)

    def sees(self, reservation, status):
        """Whether his reservation gets that status in good time."""
        return eventually(lambda: self.call("get", f"reservations/{reservation['id']}")["status"] == status)

    def has(self, points):
        return eventually(lambda: self.call("get", "points")["balance"] == points)

    def buy(self, seat):
        self.enter()
        reservation = self.hold(seat)
        self.pay(reservation)
        assert self.sees(reservation, "CONFIRMED")
        return reservation


def eventually(predicate, *, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if predicate():
            return True
        time.sleep(0.2)
    return False
