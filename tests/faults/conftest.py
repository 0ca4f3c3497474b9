"""A Redis of the test's own, which may be killed."""

import pytest
from django.core.cache import cache

from tests.brokers.servers import RedisBroker


@pytest.fixture
def own_redis(settings):
    server = RedisBroker().start()
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": server.url}}
    cache.clear()
    yield server
    server.stop()
