"""A server that speaks Redis, of our own."""

import os
import subprocess

import redis

from local_stack import binaries
from local_stack.server import Server

DATABASES = 64  # parallel test workers take one each


class Valkey(Server):
    name = "valkey"

    @property
    def url(self):
        return self._url(self.port)

    def prepare(self):
        self.home.mkdir(mode=0o700, exist_ok=True)

    def launch(self, port, log):
        settings = self.home / "valkey.conf"  # a file, because everybody may read a command line
        with open(os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.writelines(f"{line}\n" for line in self._settings(port))
        return self.guard.start(
            [binaries.valkey(), settings], last=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )

    def answers(self, port):
        try:
            with redis.Redis.from_url(self._url(port), socket_timeout=2) as client:
                return client.ping()
        except redis.ConnectionError:
            return False

    def _settings(self, port):
        yield f"port {port}"
        yield "bind 127.0.0.1"
        yield f'dir "{self.home}"'
        yield f"databases {DATABASES}"
        yield 'save ""'
        yield f"appendonly {'no' if self.ephemeral else 'yes'}"
        if not self.ephemeral:
            yield f"requirepass {self._password}"

    def _url(self, port):
        secret = "" if self.ephemeral else f":{self._password}@"
        return f"redis://{secret}127.0.0.1:{port}/0"

    @property
    def _password(self):
        return self.directory.secret("valkey")


def version(url):
    with redis.Redis.from_url(url) as client:
        about = client.info("server")
    return f"Valkey {about['valkey_version']}" if "valkey_version" in about else f"Redis {about['redis_version']}"
