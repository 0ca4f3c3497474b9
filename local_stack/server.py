"""What starting PostgreSQL and starting Valkey have in common."""

import time

from local_stack import CannotStart
from local_stack.directory import free_port

SECONDS_TO_BE_READY = 60
ATTEMPTS = 5


class Server:
    """A server on a loopback port. Subclasses say how it is started, asked and ended."""

    name: str

    def __init__(self, directory, guard, *, ephemeral):
        self.directory, self.guard, self.ephemeral = directory, guard, ephemeral
        self.home = directory.path / self.name
        self.log_path = directory.log / f"{self.name}.log"
        self.port = self.process = None

    def start(self):
        """Returns when it answers. The port is the one of the last time if that is free."""
        self.prepare()
        port = self.directory.port(self.name)
        for _ in range(ATTEMPTS):
            if self._try(port):
                self.port = port
                self.directory.remember_port(self.name, port)
                return
            port = free_port()  # somebody was faster between our asking for a free one and using it
        raise CannotStart(f"{self.name} did not start. The end of {self.log_path}:\n{self._end_of_log()}")

    def restart(self):
        """On the same port, because others know its address. Does not wait for it to answer; they do that."""
        with open(self.log_path, "ab") as log:
            self.process = self.launch(self.port, log)
        return self.process

    def prepare(self):
        raise NotImplementedError

    def launch(self, port, log):
        """Starts it through the guard and returns the process."""
        raise NotImplementedError

    def answers(self, port):
        raise NotImplementedError

    def _try(self, port):
        with open(self.log_path, "ab") as log:
            self.process = self.launch(port, log)
        deadline = time.monotonic() + SECONDS_TO_BE_READY
        while self.process.poll() is None and time.monotonic() < deadline:
            if self.answers(port):
                return True
            time.sleep(0.02)
        self.process.kill()
        self.process.wait()
        self.guard.forget(self.process)
        return False

    def _end_of_log(self):
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-15:])
