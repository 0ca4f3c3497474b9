import pytest
from django_redis import get_redis_connection

BACKENDS = ["redis", "database"]


def pytest_generate_tests(metafunc):
    """Every test that asks a database asks it for each backend; unless it is marked with only_redis."""
    marked = metafunc.definition.get_closest_marker
    if marked("django_db"):
        kinds = ["redis"] if marked("only_redis") else BACKENDS
        metafunc.parametrize("queue_backend", kinds, indirect=True)


@pytest.fixture(autouse=True)
def queue_backend(request, settings):
    """Where places are kept."""
    settings.QUEUE_BACKEND = getattr(request, "param", "redis")
    return settings.QUEUE_BACKEND


@pytest.fixture(autouse=True)
def empty_redis():
    """Only this run's own database of Redis."""
    get_redis_connection("default").flushdb()
