"""A small shared world: Alice buys, Bob waits his turn, Charlie is late."""

import pytest
from django.core.cache import cache
from django.test import TransactionTestCase
from django_redis import get_redis_connection

pytest.register_assert_rewrite("tests.everything", "tests.faults.promises", "tests.processes", "tests.world")

from tests.brokers.servers import BROKERS  # noqa: E402
from tests.faults.promises import require_what_it_promised  # noqa: E402
from tests.sweeping import sweep  # noqa: E402
from tests.world import World  # noqa: E402


def pytest_collection_modifyitems(items):
    """Every test that touches the database commits for real, in all databases. Those in a browser come last.

    (Once playwright's event loop runs in this process, Django keeps other connections for a forked child.)
    """
    items.sort(key=lambda item: "browser" in item.path.parts)
    for item in items:
        if "transactional_db" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db(transaction=True, databases="__all__"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """After a fault the invariants hold that its mark names, or the test fails."""
    result = yield
    require_what_it_promised(item)
    return result


def pytest_report_header():
    yield "brokers: " + "; ".join(f"{kind.name} {kind.missing() or 'runs'}" for kind in BROKERS)


@pytest.fixture(scope="session", autouse=True)
def quick_sweep():
    """Instead of truncating every table and migrating's aftermath, after each test that commits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: sweep(case._databases_names()))
        yield


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
