"""The points at which a process can be hit: each of its commits, of a transaction or a statement, in any database.

At each, four things can happen to it. Where it dies, it is a process of its own that gets a real SIGKILL.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import psycopg
from django.db import Error, OperationalError
from django.db.backends.signals import connection_created

from tests.processes import WRITES, forked, url_of

UNHIT, HIT = 0, 3  # how the process ended, if it was not killed


def dies_before(connection, commit):
    os.kill(os.getpid(), signal.SIGKILL)


def dies_after(connection, commit):
    commit()
    os.kill(os.getpid(), signal.SIGKILL)


def fails(connection, commit):
    """The server ends the session, as when it is shut down; nothing of it is committed."""
    pid = connection.connection.info.backend_pid
    with psycopg.connect(url_of(connection.alias), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    return commit()


def loses_the_answer(connection, commit):
    """It is committed, and the line breaks before anybody is told."""
    commit()
    connection.connection.close()
    raise OperationalError("the line broke")


BLOWS = {
    "dies before": dies_before,
    "dies after": dies_after,
    "fails": fails,
    "loses the answer": loses_the_answer,
}


@dataclass
class Point:
    """The nth commit of this process from now on, and the blow that hits it there, once."""

    number: int
    blow: Callable
    passed: int = 0

    def watch(self):
        """From now on; for a process that has no connection yet."""
        connection_created.connect(self._watch, weak=False)

    @property
    def is_reached(self):
        return self.passed >= self.number

    def _watch(self, connection, **kwargs):
        if self._statement not in connection.execute_wrappers:  # else it has only connected again
            connection.execute_wrappers.append(self._statement)
            connection._commit = partial(self._commit, connection, connection._commit)

    def _statement(self, execute, sql, params, many, context):
        connection = context["connection"]
        once = partial(execute, sql, params, many, context)
        if connection.in_atomic_block or not str(sql).lstrip().startswith(WRITES):
            return once()
        return self._commit(connection, once)

    def _commit(self, connection, commit):
        self.passed += 1
        return self.blow(connection, commit) if self.passed == self.number else commit()


def hit(story, *, at, blow) -> bool:
    """Run the story in a process of its own, with that blow at its nth commit; False if it has no nth commit.

    What fails may fail the story: its caller then sees an error, as a fan does. Nothing else may.
    """
    point = Point(at, blow)

    def told():
        point.watch()
        try:
            story()
        except (Error, AssertionError):
            if not point.is_reached:
                raise
        if point.is_reached:
            os._exit(HIT)

    _, status = os.waitpid(forked(told), 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) in (UNHIT, HIT), "the story failed by itself"
    return os.WEXITSTATUS(status) == HIT
