import pytest
from django.test import override_settings
from django_redis import get_redis_connection

BACKENDS = ["redis", "database"]


def pytest_generate_tests(metafunc):
    """Each test runs for each backend, but for those marked with only_… and those that ask no database."""
    marked = metafunc.definition.get_closest_marker
    if marked("django_db") and not getattr(metafunc.function, "is_hypothesis_test", False):
        kinds = [kind for kind in BACKENDS if marked(f"only_{kind}")] or BACKENDS
        metafunc.parametrize("queue_backend", kinds, indirect=True)


@pytest.fixture(autouse=True)
def queue_backend(request):
    """Where places are kept."""
    kind = getattr(request, "param", "redis")
    with override_settings(QUEUE_BACKEND=kind):
        yield kind


@pytest.fixture(autouse=True)
def empty_redis():
    """Only this run's own database of Redis."""
    get_redis_connection("default").flushdb()
