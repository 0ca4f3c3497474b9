"""What happens to servers: a PostgreSQL that crashes, a database of it that is away, a Redis of the test's own."""

import os
import signal
from contextlib import contextmanager, suppress
from functools import partial

import psycopg
from django.db import connections

from events.homes import home
from tests.brokers.servers import wait_for
from tests.processes import url_of


def crash(connection):
    """The whole server dies and recovers, as after `pg_ctl restart -m immediate`: every session of everybody ends.

    (One of its processes gets SIGKILL. Then the others can't trust what they share, and it starts again.)
    """
    url = url_of(connection.alias)
    with suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True) as witness:
        os.kill(connection.connection.info.backend_pid, signal.SIGKILL)
        wait_for(lambda: not _answers(witness.execute, "SELECT 1"))
    wait_for(lambda: _answers(psycopg.connect, url))


def _answers(ask, *words):
    try:
        ask(*words).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def keeping_what_is_committed(aliases):
    """The tests' server is quick because a crash may lose the last moment of it. Now it may not."""
    _set(aliases, "SET synchronous_commit = on")
    try:
        yield
    finally:
        _set(aliases, "RESET synchronous_commit")


@contextmanager
def refusing(model, condition, *, using=None):
    """The table takes no row like that."""
    alter = partial(_alter, model._meta.db_table, using or home(model))
    alter(f"ADD CONSTRAINT a_bad_day CHECK (NOT ({condition})) NOT VALID")
    try:
        yield
    finally:
        alter("DROP CONSTRAINT a_bad_day")


def _alter(table, using, words):
    with connections[using].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} {words}")


@contextmanager
def away(alias):
    """Nobody gets into that database, and who was in is thrown out."""
    close(alias)
    connections[alias].close()
    try:
        yield
    finally:
        reopen(alias)
        connections[alias].close()


def close(alias):
    _set([alias], "ALLOW_CONNECTIONS false")
    ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
    with _beside() as other:
        other.execute(ended, [connections[alias].settings_dict["NAME"]])


def reopen(alias):
    _set([alias], "ALLOW_CONNECTIONS true")


def _set(aliases, words):
    with _beside() as other:
        for alias in aliases:
            other.execute(f'ALTER DATABASE "{connections[alias].settings_dict["NAME"]}" {words}')


def _beside():
    """In the database that the tests' own were made from."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
