"""Each thread asks Redis on a connection of its own."""

import os

import pytest
from django_redis import get_redis_connection

from queueing.tests.world import crowd, make_room, place
from tests.processes import died, forked
from tests.threads import at_once

pytestmark = [pytest.mark.only_redis, pytest.mark.django_db(databases="__all__", transaction=True)]


@pytest.fixture
def room():
    return make_room(grace_seconds=3600)


def numbers(room, fans):
    return [place(room, fan).number for fan in fans]


class TestAConnection:
    def test_that_the_server_has_closed_is_opened_anew(self, room):
        fans = crowd(room, 3)
        get_redis_connection("default").client_kill_filter(_type="normal", skipme=True)
        assert numbers(room, fans) == [1, 2, 3]

    def test_is_no_two_threads(self, room):
        fans = crowd(room, 20)
        asked = at_once(*[lambda fans=fans[start:]: numbers(room, fans) for start in range(10)])
        assert asked == [list(range(start + 1, 21)) for start in range(10)]

    def test_takes_none_of_the_pools(self, room):
        """Threads come and go; the pool never counts down."""
        fans, pool = crowd(room, 3), get_redis_connection("default").connection_pool
        before = pool._created_connections
        assert at_once(*[lambda: numbers(room, fans)] * 10) == [[1, 2, 3]] * 10
        assert pool._created_connections == before

    def test_is_not_taken_along_into_a_child(self, room):
        fans = crowd(room, 100)
        child = forked(lambda: wrong(room, fans[:50], range(1, 51)) and os._exit(1))
        assert not wrong(room, fans[50:], range(51, 101))
        assert not died(child)


def wrong(room, fans, expected):
    """Asked for again and again, whether anybody has been told another's place."""
    return any(numbers(room, fans) != list(expected) for _ in range(20))
