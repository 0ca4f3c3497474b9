import pytest
from django_redis import get_redis_connection


@pytest.fixture(autouse=True)
def empty_redis():
    """Only this run's own database of Redis."""
    get_redis_connection("default").flushdb()
