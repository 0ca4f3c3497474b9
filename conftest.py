"""A small shared world: Alice buys, Bob waits his turn, Charlie is late."""

import pytest
from django.core.cache import cache
from django_redis import get_redis_connection

pytest.register_assert_rewrite("tests.everything", "tests.processes", "tests.world")

from tests.world import World  # noqa: E402


def pytest_collection_modifyitems(items):
    """Every test that touches the database commits for real, in all databases."""
    for item in items:
        if "world" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db(transaction=True, databases="__all__"))


@pytest.fixture
def redis():
    """The tests' own Redis database, empty."""
    connection = get_redis_connection("default")
    connection.flushdb()
    return connection


@pytest.fixture
def world(transactional_db, redis):
    cache.clear()
    return World.make()
