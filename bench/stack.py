"""The service to be measured, on servers of its own in a directory that is gone afterwards."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from bench.load import Order, Outcome
from local_stack import ROOT, CannotStart
from local_stack.directory import free_port
from local_stack.environment import environment
from local_stack.programs import web_command
from local_stack.servers import Servers, temporary_directory

HOST = "127.0.0.1"
SECONDS_TO_BE_READY = 60
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "bench.settings",
    "RATE_LIMITS": "off",
    "DEMO": "off",
    "LOG_LEVEL": "ERROR",
    "EMAIL_URL": "dummymail://",
}


@contextmanager
def service():
    """A port where the service answers as under `make run`: the same server, workers and threads; no beat, no Celery.

    Inside, this process is set up as one of the service's own.
    """
    directory = Path(temporary_directory())
    try:
        with Servers(directory, user="a benchmark") as servers:
            _become_part_of(servers)
            yield _web(servers)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _become_part_of(servers):
    os.environ.update(environment(servers) | SETTINGS)
    import django

    django.setup()
    from local_stack.prepare import migrate

    (servers.directory.path / "static").mkdir()
    with redirect_stdout(sys.stderr):
        migrate()


def _web(servers):
    port = free_port()
    with open(servers.directory.log / "web.log", "ab") as log:
        web = servers.guard.start(
            [sys.executable, "-m", *web_command(HOST, port)],
            cwd=ROOT,
            env=os.environ | {"DATABASE_POOL": "1"},
            stdout=log,
            stderr=log,
        )
    wait_for_answer(port, web, Path(log.name))
    return port


def wait_for_answer(port, web, log):
    """Until that process answers there. Raises CannotStart."""
    deadline = time.monotonic() + SECONDS_TO_BE_READY
    while not _answers(port):
        if web.poll() is not None or time.monotonic() > deadline:
            raise CannotStart(log.read_text())
        time.sleep(0.1)


def _answers(port):
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def load(port, requests, **options) -> Outcome:
    """What a load generator in a process of its own makes of the order."""
    order = {"host": HOST, "port": port, "requests": requests, **options}
    Order(**order)  # a wrong one fails here
    told = subprocess.run(
        [sys.executable, "-m", "bench.load"], input=json.dumps(order), text=True, stdout=subprocess.PIPE, check=True
    )
    return Outcome(**json.loads(told.stdout))


def request(method, path, *, token=None, body=None, **headers):
    """An HTTP request as text; the body as JSON."""
    text = json.dumps(body) if body else ""
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if method == "POST":
        headers |= {"Content-Type": "application/json", "Content-Length": len(text)}
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "Accept: application/json", "", text])
