"""How the letters read: in a stream, from one database at a time, and without believing what they see at once."""

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
