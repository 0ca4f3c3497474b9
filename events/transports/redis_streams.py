"""Redis Streams: each topic is a few streams, and an aggregate's events are always in the same one."""

import os
import socket
import time
from binascii import crc32
from contextlib import contextmanager, suppress

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from events.transports.transport import BrokerAway, Received, Transport, Unroutable, dead_letters_of

STREAMS = 8
GROUP = "intake"
CLAIM_EVERY = 5  # seconds between looks for what a receiver left behind that died

logger = structlog.get_logger(__name__)


class RedisStreams(Transport):
    """`abandoned_after`: so many seconds after it was received, what nobody has acknowledged goes to another."""

    def __init__(self, url, *, abandoned_after=30, **options):
        super().__init__(url, **options)
        self.abandoned_after = abandoned_after
        self._redis = redis.Redis.from_url(
            url, socket_timeout=self.patience, socket_connect_timeout=self.patience, retry=Retry(NoBackoff(), 0)
        )
        self._name = f"{socket.gethostname()}-{os.getpid()}-{id(self)}"
        self._claim_at = 0.0

    def declare(self, topic):
        with self._answering():
            for stream in _streams(topic):
                self._make(stream)

    def receive(self, topic, *, limit=100, wait=1.0):
        with self._answering():
            try:
                return self._abandoned(topic, limit) or self._new(topic, limit, wait)
            except redis.ResponseError as error:
                if not str(error).startswith("NOGROUP"):
                    raise
                logger.warning("broker_has_lost_the_topic", topic=topic)
                self.declare(topic)
                return []

    def acknowledge(self, topic, received):
        with self._answering(), self._redis.pipeline(transaction=True) as pipe:
            for each in received:
                self._settle(pipe, each)
            pipe.execute()

    def refuse(self, topic, received):
        with self._answering(), self._redis.pipeline(transaction=True) as pipe:
            pipe.xadd(dead_letters_of(topic), {"body": received.body})
            self._settle(pipe, received)
            pipe.execute()

    def close(self):
        with suppress(redis.RedisError, OSError):
            self._redis.close()

    def _send(self, topic, envelopes):
        pipe = self._redis.pipeline(transaction=False)
        for envelope in envelopes:  # a stream that is made by sending would have no reader
            pipe.xadd(_stream_of(topic, envelope.key), {"body": envelope.body}, nomkstream=True)
        try:
            return [_outcome(reply, topic) for reply in pipe.execute(raise_on_error=False)]
        except (redis.RedisError, OSError) as error:
            return [BrokerAway(f"{type(error).__name__}: {error}")] * len(envelopes)

    def _make(self, stream):
        try:
            self._redis.xgroup_create(stream, GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def _abandoned(self, topic, limit):
        if time.monotonic() < self._claim_at:
            return []
        found = []
        for stream in _streams(topic):
            _next, entries, *_deleted = self._redis.xautoclaim(
                stream, GROUP, self._name, min_idle_time=int(self.abandoned_after * 1000), count=_share(limit)
            )
            found += _received(stream, entries)
        if not found:  # else there may be more
            self._claim_at = time.monotonic() + min(CLAIM_EVERY, self.abandoned_after)
        return found

    def _new(self, topic, limit, wait):
        last = {stream: ">" for stream in _streams(topic)}
        block = max(1, int(min(wait, self.patience / 2) * 1000))  # 0 would be for ever
        reply = self._redis.xreadgroup(GROUP, self._name, last, count=_share(limit), block=block)
        return [each for stream, entries in _pairs(reply) for each in _received(stream, entries)]

    def _settle(self, pipe, received):
        stream, id = received.receipt
        pipe.xack(stream, GROUP, id)
        pipe.xdel(stream, id)  # one group reads it, so nobody else wants it

    @contextmanager
    def _answering(self):
        try:
            yield
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            raise BrokerAway(f"{type(error).__name__}: {error}") from error


def _stream_of(topic, key):
    return f"{topic}:{crc32(key.encode()) % STREAMS}"


def _streams(topic):
    return [f"{topic}:{number}" for number in range(STREAMS)]


def _share(limit):
    """Redis counts per stream."""
    return max(1, limit // STREAMS)


def _pairs(reply):
    return reply.items() if isinstance(reply, dict) else reply or []


def _received(stream, entries):
    return [Received(fields[b"body"], (stream, id)) for id, fields in entries if fields]


def _outcome(reply, topic):
    if isinstance(reply, Exception):
        return BrokerAway(f"{type(reply).__name__}: {reply}")
    return None if reply else Unroutable(f"There is no stream of {topic}.")
