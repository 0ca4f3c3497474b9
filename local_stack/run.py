"""`make run`: everything the service needs on this machine, until Ctrl-C.

Reads PORT, HOST and DATA_DIR. A DATABASE_URL or REDIS_URL in the environment is used instead of starting a server.
"""

import http.client
import os
import signal
import sys
import time

from local_stack import ROOT, CannotStart
from local_stack.banner import banner
from local_stack.directory import is_free
from local_stack.environment import environment
from local_stack.programs import Kept, Program, web_command
from local_stack.servers import Servers
from local_stack.terminal import BOLD, alarm, coloured, say

SECONDS_TO_BE_READY = 120
EVERYWHERE = "0.0.0.0"  # noqa: S104
CYAN, GREEN, YELLOW, BLUE, MAGENTA = "36", "32", "33", "34", "35"


def main():
    run(Stack, default_directory=".data")


def run(kind, *, default_directory):
    """Start the servers, and on top of them the stack of that kind; returns when it has ended."""
    stop = Stop()
    host, port = os.environ.get("HOST") or "127.0.0.1", _port()
    url = f"http://{'127.0.0.1' if host == EVERYWHERE else host}:{port}"
    servers = Servers(
        data_directory(default_directory),
        user=f"the service at {url}",
        database_url=os.environ.get("DATABASE_URL", ""),
        redis_url=os.environ.get("REDIS_URL", ""),
    )
    say(coloured("Starting …", BOLD))
    with servers:
        if not is_free(port, host):
            raise CannotStart(f"Port {port} is in use by another program. Choose another one: make run PORT={port + 1}")
        kind(servers, host=host, port=port, url=url, stop=stop).run()
        say("\nEnding …")


def data_directory(default=".data"):
    return ROOT / (os.environ.get("DATA_DIR") or default)


class Stop:
    """Becomes true on Ctrl-C, SIGTERM, or when the terminal goes away."""

    def __init__(self):
        self._asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def __bool__(self):
        return self._asked

    def _ask(self, *_):
        self._asked = True


class Stack:
    """The programs on top of the servers."""

    def __init__(self, servers, *, host, port, url, stop):
        self.servers, self.directory, self.guard = servers, servers.directory, servers.guard
        self.host, self.port, self.url, self.stop = host, port, url, stop
        self.data_platform_port = self.directory.port("data platform")
        self.data_platform_url = f"http://127.0.0.1:{self.data_platform_port}"
        self.environment = environment(servers, host=host, data_platform_url=f"{self.data_platform_url}/reservations")
        self.directory.write_state(env=self.environment)

    def run(self):
        """Returns when asked to stop, and raises CannotStart when something cannot be kept running."""
        self.kept = []
        for server in self.servers.started:
            self._keep(server.name, server.process, server.restart)
        if self._prepare():
            self._start_programs()
            if self._becomes_ready():
                say(self._banner())
            while not self.stop:
                self._tend()

    def _prepare(self):
        """Whether it got to its end before we were asked to stop."""
        marker = self.directory.path / "demo-data-is-there"
        process = self._program("prepare", CYAN, "local_stack.prepare", "--seeded", marker).start()
        while process.poll() is None and not self.stop:
            time.sleep(0.05)
        if process.returncode is not None:
            self.guard.forget(process)
        if process.returncode:
            raise CannotStart(f"The databases could not be prepared; see above, or {self.directory.log}/prepare.log.")
        return not self.stop

    def _start_programs(self):
        celery = ["celery", "--quiet", "-A", "concert_site"]
        worker = [*celery, "worker", "--pool", "threads", "--concurrency", 4]
        beat = [*celery, "beat", "--schedule", self.directory.path / "beat"]
        received = self.directory.path / "data-platform.jsonl"
        platform = ["local_stack.data_platform", "--port", self.data_platform_port, "--file", received]
        for program in (
            self._program("web", GREEN, *web_command(self.host, self.port), DATABASE_POOL="1"),
            self._program("worker", YELLOW, *worker, PYTHONWARNINGS="ignore:You're running the worker with superuser"),
            self._program("beat", BLUE, *beat),
            self._program("platform", MAGENTA, *platform),
        ):
            self._keep(program.name, program.start(), program.start)

    def _keep(self, name, process, start):
        self.kept.append(Kept(name, process, start, self.guard, now=time.monotonic()))

    def _program(self, name, colour, *command, **variables):
        return Program(
            name,
            command,
            guard=self.guard,
            log=self.directory.log,
            environment=os.environ | self.environment | variables,
            colour=colour,
        )

    def _becomes_ready(self):
        deadline = time.monotonic() + SECONDS_TO_BE_READY
        answer, ask_at = None, 0
        while not self.stop and time.monotonic() < deadline:
            self._tend()
            if time.monotonic() >= ask_at:
                answer, ask_at = self._ask_readiness(), time.monotonic() + 0.5
            if answer == http.client.OK:
                return True
        if not self.stop:
            alarm(f"After {SECONDS_TO_BE_READY} s /readyz says {answer or 'nothing'}. Logs: {self.directory.log}")
        return False

    def _ask_readiness(self):
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _tend(self):
        for kept in self.kept:
            kept.tend(time.monotonic())
        time.sleep(0.1)

    def _banner(self):
        from concert_site.demo_accounts import DEMO_ACCOUNTS

        directory = self.directory.path
        if directory.is_relative_to(ROOT):
            directory = directory.relative_to(ROOT)
        return banner(
            url=self.url, data_platform_url=self.data_platform_url, accounts=DEMO_ACCOUNTS, directory=directory
        )


def _port():
    text = os.environ.get("PORT") or "8000"
    if not (text.isdigit() and 0 < int(text) < 65536):
        raise CannotStart(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


if __name__ == "__main__":
    try:
        main()
    except CannotStart as problem:
        alarm(f"\n{problem}")
        sys.exit(1)
