"""The directory in which a stack keeps everything, and how two stacks stay out of each other's."""

import contextlib
import fcntl
import json
import os
import secrets
import socket
import time
from pathlib import Path

from local_stack import CannotStart


class DataDirectory:
    """What lies in it outlives the stack: data, secrets, the ports it had. `state` tells others who uses it."""

    def __init__(self, path):
        self.path = Path(path).resolve()
        self.log = self.path / "log"
        self.path.mkdir(parents=True, exist_ok=True)
        self.log.mkdir(mode=0o700, exist_ok=True)
        self._lock = None

    def lock(self):
        """Makes it ours until the returned file descriptor is closed, by us and by all who inherited it.

        Raises CannotStart if a living stack has it. One that was killed is waited for: its servers need a moment.
        """
        self._lock = self._lock or open(self.path / "lock", "a")
        deadline = time.monotonic() + 20
        while not self._try_lock():
            if self._user_lives() or time.monotonic() > deadline:
                raise CannotStart(self._in_use())
            time.sleep(0.1)
        return self._lock.fileno()

    def unlock(self):
        self._lock.close()
        self._lock = None

    def user(self):
        """The state of the living stack that has the directory; None if nobody does."""
        with open(self.path / "lock", "a") as probe:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return None
        return self.state if self._user_lives() else None

    @property
    def state(self):
        """Of the stack that uses the directory, or used it last."""
        return self._read("state.json")

    def write_state(self, **state):
        self._write("state.json", self.state | state)

    def secret(self, name):
        """The same random text at every start."""
        known = self._read("secrets.json")
        if name not in known:
            known[name] = secrets.token_hex(32)
            self._write("secrets.json", known)
        return known[name]

    def port(self, name):
        """The port that it had the last time if that one is free, else any free one."""
        known = self.state.get("ports", {})
        if not is_free(known.get(name, 0)):
            known[name] = free_port()
            self.write_state(ports=known)
        return known[name]

    def remember_port(self, name, port):
        self.write_state(ports=self.state.get("ports", {}) | {name: port})

    def _try_lock(self):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def _user_lives(self):
        try:
            os.kill(self.state.get("pid", os.getpid()), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def _in_use(self):
        state = self.state
        return (
            f"{self.path} is in use by {state.get('user', 'a stack that is just starting')} (pid {state.get('pid')}).\n"
            "End that one first, or choose another directory: DATA_DIR=.data2, and another PORT for `make run`."
        )

    def _read(self, name):
        try:
            return json.loads((self.path / name).read_text())
        except FileNotFoundError:
            return {}

    def _write(self, name, content):
        """Readable by its owner only, and whole or not at all."""
        new = self.path / f"{name}.new"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, indent=2)
        new.replace(self.path / name)


def is_free(port, host="127.0.0.1"):
    if port == 0:
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just closed do not count
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
