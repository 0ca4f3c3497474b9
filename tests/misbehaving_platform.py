"""The data platform of `make run`, on a port of its own, that misbehaves as told: over real HTTP, in threads.

A fault is what it does with one request instead of answering it well.
"""

import socket
import struct
import threading
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from io import BytesIO
from types import SimpleNamespace

from local_stack import data_platform

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="


@dataclass
class Platform:
    """next: faults of the next requests, one each. always: of all others; None: it behaves."""

    url: str = ""
    next: deque = field(default_factory=deque)
    always: object = None
    requests: list = field(default_factory=list)
    records: data_platform.Records = None

    def fails(self, *faults):
        self.next.extend(faults)

    @property
    def kept(self) -> list:
        """What it has: the content of each object, oldest first."""
        return [record["data"] for record in reversed(self.records.newest_first())]

    @property
    def calls(self) -> list:
        return [request.method for request in self.requests]


class Handler(data_platform.Handler):
    """`platform` is set by `misbehaving`."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.rfile = BytesIO(body)
        self._answered("POST", body, super().do_POST)

    def do_GET(self):
        self._answered("GET", b"", super().do_GET)

    def _answered(self, method, body, well):
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.platform.requests.append(SimpleNamespace(method=method, path=self.path, headers=headers, body=body))
        fault = self.platform.next.popleft() if self.platform.next else self.platform.always
        self.close_connection = True
        with suppress(ConnectionError):  # nobody listens any more
            fault(self, well) if fault else well()

    def take_silently(self, well):
        """Keep what came; the answer stays here."""
        to_fan, self.wfile = self.wfile, BytesIO()
        well()
        self.wfile = to_fan

    def wait_until_left(self):
        with suppress(OSError):
            self.connection.recv(1)


@contextmanager
def misbehaving(directory):
    platform = Platform()
    server = data_platform.server(
        port=0, path=directory / "received.jsonl", secret=SECRET, handler=Handler, platform=platform
    )
    platform.url = f"http://127.0.0.1:{server.server_port}/reservations"
    platform.records = server.RequestHandlerClass.records
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()


# Faults


def answers(status, body=b"", **headers):
    """That, having done nothing."""

    def fault(handler, well):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return fault


def takes_it_but(fault):
    """Keep what came, and then…"""

    def both(handler, well):
        handler.take_silently(well)
        fault(handler, well)

    return both


def never_answers(handler, well):
    handler.wait_until_left()


def answers_too_late(handler, well):
    """Well, but when nobody waits for it any more."""
    handler.wait_until_left()
    well()


def trickles(handler, well):
    """One header after the other, for ever, and each in time."""
    handler.connection.settimeout(0.02)
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        try:
            if handler.connection.recv(1) == b"":
                return
        except TimeoutError:
            handler.wfile.write(b"X-Patience: please\r\n")


def resets(handler, well):
    """RST instead of an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def asks_to_wait_until(status, seconds, *, clock=0):
    """Retry-After as a date, by a clock that is so many seconds off."""
    dates = {"Retry_After": formatdate(1_900_000_000 + clock + seconds, usegmt=True)}

    def fault(handler, well):
        handler.date_time_string = lambda timestamp=None: formatdate(1_900_000_000 + clock, usegmt=True)
        answers(status, **dates)(handler, well)

    return fault
