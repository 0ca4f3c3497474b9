"""The programs of the stack: which there are, and how each is kept running."""

import subprocess
import sys
import threading

from local_stack import ROOT, CannotStart
from local_stack.terminal import alarm, relay

QUICK = 10  # seconds: a program that lived shorter than this died quickly
QUICK_DEATHS = 5


def web_command(host, port):
    """The service's web server as a Python module with arguments."""
    server = ["granian", "concert_site.wsgi:application", "--interface", "wsgi", "--host", host, "--port", port]
    return [*server, "--workers", 2, "--blocking-threads", 4, "--no-ws", "--respawn-failed-workers"]


class Program:
    """One of our own: its output goes to the terminal and to log/<name>.log."""

    def __init__(self, name, command, *, guard, log, environment, colour):
        self.name, self.command, self.environment = name, [sys.executable, "-m", *command], environment
        self.guard, self.colour = guard, colour
        self.log_path = log / f"{name}.log"
        self.log_path.unlink(missing_ok=True)  # of the last `make run`

    def start(self):
        process = self.guard.start(
            self.command,
            cwd=ROOT,
            env=self.environment | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        log = open(self.log_path, "ab")
        threading.Thread(target=relay, args=[process.stdout, self.name, self.colour, log], daemon=True).start()
        return process


class Kept:
    """A process that is started again when it dies, after a pause that grows with every quick death.

    `start` starts it anew and returns it.
    """

    def __init__(self, name, process, start, guard, *, now):
        self.name, self.process, self._start, self._guard = name, process, start, guard
        self._started_at, self._start_at = now, None
        self._quick_deaths = 0

    def tend(self, now):
        """To be called again and again, with seconds of a clock. Raises CannotStart when there is no hope left."""
        if self.process is None:
            if now >= self._start_at:
                self.process, self._started_at = self._start(), now
        elif self.process.poll() is not None:
            self._died(now)

    def _died(self, now):
        self._guard.forget(self.process)
        quick = now - self._started_at < QUICK
        self._quick_deaths = self._quick_deaths + 1 if quick else 0
        ended = f"{self.name} ended with {self.process.returncode}"
        if self._quick_deaths == QUICK_DEATHS:
            raise CannotStart(f"{ended}, {QUICK_DEATHS} times within {QUICK} seconds of its start.")
        pause = 2**self._quick_deaths / 2
        alarm(f"{ended}; starting it again in {pause:g} s")
        self.process, self._start_at = None, now + pause
