"""A small load generator over raw sockets with keep-alive: python -m bench.load < order.json > outcome.json

An order is Order's fields as JSON. A closed loop asks again on each connection as soon as it is answered; with a
`rate`, requests arrive at their scheduled times whether or not earlier ones are answered, and are timed from then, so
that waiting for a free connection counts. Every answer that is not 2xx or 304 is an error, so is a lost connection.
"""

import asyncio
import itertools
import json
import sys
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass

NO_BODY = (b"204", b"304")


@dataclass(frozen=True, kw_only=True)
class Order:
    """`requests` are sent in turn: each once, or over and over until `seconds` are over."""

    host: str
    port: int
    requests: list[str]
    connections: int = 50
    seconds: float | None = None  # None: until each request has been sent once
    rate: float | None = None  # arrivals per second; None: a closed loop


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Times in milliseconds."""

    answers: int
    errors: int
    statuses: dict[str, int]
    per_second: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float


class Connection(asyncio.Protocol):
    """One request at a time; `done(connection, status)` hears what came of it, status None if it was lost."""

    def __init__(self, done):
        self._done = done
        self._received = b""
        self.asked_at = None

    def connection_made(self, transport):
        self._transport = transport

    def ask(self, request, *, at):
        self.asked_at = at
        if self._transport.is_closing():
            return self._finish(None)
        self._transport.write(request)

    def data_received(self, data):
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if separator and len(body) >= body_length(head):
            self._received = b""
            self._finish(head[9:12].decode())

    def connection_lost(self, error):
        if self.asked_at is not None:
            self._finish(None)

    def close(self):
        self._transport.close()

    def _finish(self, status):
        asked_at, self.asked_at = self.asked_at, None
        self._done(self, status, asked_at)


def body_length(head):
    if head[9:12] in NO_BODY:
        return 0
    before, name, after = head.lower().partition(b"\r\ncontent-length:")
    return int(after.partition(b"\r\n")[0]) if name else 0


class Load:
    """What is sent and what has come back."""

    def __init__(self, order):
        self.order = order
        requests = [request.encode() for request in order.requests]
        self._requests = iter(requests) if order.seconds is None else itertools.cycle(requests)
        self.times, self.statuses = [], Counter()
        self._idle, self._queue = [], deque()
        self._over = asyncio.Event()

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        made = [
            (await loop.create_connection(lambda: Connection(self._answered), self.order.host, self.order.port))[1]
            for _ in range(self.order.connections)
        ]
        self.started = time.perf_counter()
        await (self._arrivals(made) if self.order.rate else self._rounds(made))
        seconds = time.perf_counter() - self.started
        for connection in made:
            connection.close()
        return outcome(self.times, self.statuses, seconds)

    async def _rounds(self, connections):
        self._open = len(connections)
        for connection in connections:
            self._ask_next(connection)
        await self._over.wait()

    async def _arrivals(self, connections):
        self._idle = list(connections)
        for number in itertools.count():
            at = self.started + number / self.order.rate
            if self._is_late(at) or (request := next(self._requests, None)) is None:
                break
            while (wait := at - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            self._arrive(request, at)
        while len(self._idle) < len(connections):
            await asyncio.sleep(0.001)

    def _arrive(self, request, at):
        if self._idle:
            self._idle.pop().ask(request, at=at)
        else:
            self._queue.append((request, at))

    def _answered(self, connection, status, asked_at):
        self.times.append(time.perf_counter() - asked_at)
        self.statuses[status or "lost"] += 1
        if not self.order.rate:
            self._ask_next(connection)
        elif self._queue:
            request, at = self._queue.popleft()
            connection.ask(request, at=at)
        else:
            self._idle.append(connection)

    def _ask_next(self, connection):
        now = time.perf_counter()
        request = None if self._is_late(now) else next(self._requests, None)
        if request is not None:
            return connection.ask(request, at=now)
        self._open -= 1
        if not self._open:
            self._over.set()

    def _is_late(self, at):
        return self.order.seconds is not None and at - self.started > self.order.seconds


def outcome(times, statuses, seconds) -> Outcome:
    times = sorted(time * 1000 for time in times)
    good = sum(count for status, count in statuses.items() if status[0] == "2" or status == "304")

    def share(part):
        return times[min(len(times) - 1, int(len(times) * part))]

    return Outcome(
        answers=len(times),
        errors=len(times) - good,
        statuses=dict(statuses),
        per_second=good / seconds,
        p50=share(0.5),
        p90=share(0.9),
        p95=share(0.95),
        p99=share(0.99),
        max=times[-1],
    )


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(Load(Order(**json.load(sys.stdin))).run()))))
