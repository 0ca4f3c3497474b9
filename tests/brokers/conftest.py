"""Brokers, each started once per run. What can't run here is skipped, and says why; in CI two of them may not be.

What happens between two deployments needs two databases, so of the two runs of `make test` the second has these.
"""

import os
from uuid import uuid4

import pytest

from events.forwarding import hang_up
from events.transports import open_transport
from tests.brokers.servers import BROKERS, KafkaBroker, RedisBroker
from tests.brokers.till import REST, TILL, Deployment, submitted

IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
collect_ignore_glob = [] if os.environ.get("DATABASE_PER_DOMAIN") == "1" else ["test_*.py"]


@pytest.fixture(scope="session", params=BROKERS, ids=lambda kind: kind.name)
def broker(request):
    yield from started(request.param)


@pytest.fixture(scope="session")
def redis_broker():
    yield from started(RedisBroker)


def started(kind):
    if lacking := kind.missing():
        if IN_CI and kind is not KafkaBroker:
            pytest.fail(f"{kind.name} may not be skipped in CI: {lacking}.", pytrace=False)
        pytest.skip(f"{kind.name}: {lacking}")
    running = kind()
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture
def topic():
    """One that nobody has used yet."""
    return f"events.{uuid4().hex}"


@pytest.fixture
def open_one(broker):
    """Opens transports, which are closed after the test."""
    opened = []

    def open_one(**options):
        opened.append(open_transport(broker.url, **options))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def till(settings):
    return Deployment(settings, [TILL])


@pytest.fixture
def shop(settings):
    return Deployment(settings, REST)


@pytest.fixture
def connected(settings, till, shop):
    """Both listen at that broker."""

    def connect(broker):
        settings.BROKER_URL = broker.url
        till.declare()
        shop.declare()

    settings.PUSH_AFTER_COMMIT = False
    yield connect
    hang_up()


@pytest.fixture
def paying(world, connected, redis_broker):
    """Alice's reservation, submitted in the shop; the till knows nothing of it yet."""
    redis_broker.empty()
    connected(redis_broker)
    return submitted(world)
