"""How the letters read: in a stream, from one database at a time, and without believing what they see at once."""

from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

from django.db import connections

CHUNK = 2000


class Suspect(NamedTuple):
    """What looks wrong.

    key: noun and id. fault: in words that stay the same from read to read. versions: of the rows it was seen in.
    quiet: false while somebody is at work on its saga.
    """

    key: str
    fault: str
    versions: tuple = ()
    quiet: bool = True


class Unchecked(NamedTuple):
    """What could not be looked at, and why. Not a violation."""

    why: str


@contextmanager
def gently(*, seconds):
    """Until the end of the block no statement takes longer, nor more than one core of its database's machine."""
    _set(statement_timeout=f"{seconds}s", max_parallel_workers_per_gather="0")
    try:
        yield
    finally:
        _set(statement_timeout=None, max_parallel_workers_per_gather=None)


def _set(**settings):
    """On every database; None: as it was configured."""
    for using in connections:
        with connections[using].cursor() as cursor:
            for name, value in settings.items():
                cursor.execute(f"RESET {name}" if value is None else f"SET {name} = '{value}'")


def rows(using, sql, *params):
    """Stream the rows of one statement, which sees one snapshot of its database."""
    with connections[using].chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while batch := cursor.fetchmany(CHUNK):
            yield from batch


def suspects(using, noun, fault, sql, *params):
    """One suspect for each row that the statement returns: its id, then the versions it was seen in."""
    for id, *versions in rows(using, sql, *params):
        yield Suspect(f"{noun} {id}", fault, tuple(versions))


def chunks(stream):
    """Lists of at most CHUNK items."""
    stream = iter(stream)
    while chunk := list(islice(stream, CHUNK)):
        yield chunk
