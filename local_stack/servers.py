"""PostgreSQL and Valkey together, in a directory that is theirs alone."""

import os
import shutil
import tempfile
from pathlib import Path

from local_stack.directory import DataDirectory
from local_stack.guard import Guard
from local_stack.postgres import Postgres
from local_stack.valkey import Valkey


class Servers:
    """Both running inside the `with`, and ended with this process at the latest.

    `path` is their directory and keeps the data; without one they live in a temporary directory, as fast as they can
    be and open to everybody on this machine. `user` tells others who has the directory. A server whose address is
    given is used where it is, and none is started.
    """

    def __init__(self, path=None, *, user="", database_url="", redis_url=""):
        self.ephemeral = path is None
        self.directory = DataDirectory(path or temporary_directory())
        self.database_url, self.redis_url = database_url, redis_url
        self.started = []
        self._user = user

    def __enter__(self):
        try:
            self.guard = self._guard()
        except BaseException:
            self._remove_if_ephemeral()
            raise
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.guard.end()
        self.directory.unlock()
        self._remove_if_ephemeral()

    def _guard(self):
        lock = self.directory.lock()
        self.directory.write_state(pid=os.getpid(), user=self._user, env={})
        return Guard(lock=lock, remove=self.directory.path if self.ephemeral else None)

    def _start(self):
        if not self.redis_url:
            self.redis_url = self._started(Valkey).url
        if not self.database_url:
            self.database_url = self._started(Postgres).url

    def _started(self, kind):
        server = kind(self.directory, self.guard, ephemeral=self.ephemeral)
        server.start()
        self.started.append(server)
        return server

    def _remove_if_ephemeral(self):
        if self.ephemeral:
            shutil.rmtree(self.directory.path, ignore_errors=True)


def temporary_directory():
    path = Path(tempfile.mkdtemp(prefix="local-stack-"))
    path.chmod(0o711)  # PostgreSQL may have to run as another account than ours
    return path
