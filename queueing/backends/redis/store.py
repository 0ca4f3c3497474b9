"""Redis as the waiting room sees it: the keys of a room, one script per verb, and one error when it is away."""

import base64
import functools
import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import ConnectionError, NoScriptError, RedisError

from queueing.backends.reply import RoomUnavailable

KEYS = ("settings", "waiting", "seen", "active", "places", "ended", "recent", "samples", "journal", "early")
LUA = Path(__file__).parent / "lua"
WITHOUT_ROOM = {"configure", "ceiling"}  # they write the settings that every other verb needs to find
DOOR = "room:{%s}:door:%s"  # of one address, how much of its allowance of new places is used


@dataclass(frozen=True)
class Script:
    text: str
    sha: str


@functools.cache
def scripts() -> dict[str, Script]:
    """Every verb's script by the verb's name."""
    room = (LUA / "_room.lua").read_text()
    found = {}
    for path in sorted(LUA.glob("[!_]*.lua")):
        text = path.read_text() if path.stem in WITHOUT_ROOM else room + path.read_text()
        found[path.stem] = Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
    return found


def available(function):
    """Turn every failure of Redis into RoomUnavailable."""

    @functools.wraps(function)
    def guarded(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except NoScriptError:
            raise  # the server has restarted: mirror.py knows what to do
        except RedisError as error:
            raise RoomUnavailable from error

    return guarded


@functools.lru_cache(maxsize=1024)
def keys_of(concert_id) -> tuple[str, ...]:
    """The keys of a room; the hash tag keeps them on one node of a cluster."""
    return tuple(f"room:{{{concert_id}}}:{key}" for key in KEYS)


def name_of(account_id) -> str:
    """An account as Redis knows it: 22 letters instead of 36, since a million of them may wait."""
    return base64.urlsafe_b64encode(account_id.bytes)[:22].decode()


def account_of(name) -> UUID:
    """The account of that name."""
    return UUID(bytes=base64.urlsafe_b64decode(name + "=="))


@available
def run(verb, *, concert_id, args, keys=()):
    """The raw answer of the verb's script. Raises RoomUnavailable; NoScriptError when the server has none of ours."""
    try:
        return _at_once(command(verb, concert_id=concert_id, args=args, keys=keys))
    except ConnectionError:  # the server has closed it meanwhile: this way it is opened anew
        client = get_redis_connection("default")
        return client.evalsha(scripts()[verb].sha, len(KEYS) + len(keys), *keys_of(concert_id), *keys, *args)


def command(verb, *, concert_id, args, keys=()) -> bytes:
    """The call of the verb's script as Redis reads it (RESP): most of it is the same for everybody in that room."""
    count = 3 + len(KEYS) + len(keys) + len(args)
    start = _beginning(verb, concert_id, len(KEYS) + len(keys))
    return b"*%d\r\n%b%b" % (count, start, b"".join(map(_part, (*keys, *args))))


@functools.lru_cache(maxsize=1024)
def _beginning(verb, concert_id, keys):
    return b"".join(map(_part, ("EVALSHA", scripts()[verb].sha, keys, *keys_of(concert_id))))


def _part(value):
    encoded = value if isinstance(value, bytes) else str(value).encode()
    return b"$%d\r\n%b\r\n" % (len(encoded), encoded)


def _at_once(packed):
    """What redis-py does for a command, without what it does around it, which costs more than the call itself."""
    connection = _own_connection(settings.CACHES["default"]["LOCATION"], os.getpid())
    connection.send_packed_command([packed], check_health=False)
    return connection.read_response()


class OfThread(threading.local):
    """The thread's connection, and to where and in which process: a fork must not talk on its parent's."""

    connection, belongs_to = None, None


of_thread = OfThread()


def _own_connection(*belongs_to):
    if of_thread.belongs_to != belongs_to:
        pool = get_redis_connection("default").connection_pool  # which counts those that it makes, and for good
        of_thread.connection = pool.connection_class(**pool.connection_kwargs)
        of_thread.belongs_to = belongs_to
    return of_thread.connection


@available
def run_anew(verb, *, concert_id, args):
    """The same on a server that has lost our scripts, and without teaching it any."""
    client = get_redis_connection("default")
    return client.eval(scripts()[verb].text, len(KEYS), *keys_of(concert_id), *args)


@available
def load_scripts():
    """Teach the server all scripts in one step, so that one missing script means that all are."""
    with get_redis_connection("default").pipeline(transaction=True) as pipeline:
        for script in scripts().values():
            pipeline.script_load(script.text)
        pipeline.execute()


@available
def run_id() -> str:
    """Of the server's present life; a restart or a failover gives another."""
    return get_redis_connection("default").info("server")["run_id"]


@available
def clock() -> int:
    """Milliseconds since 1970, by Redis."""
    seconds, microseconds = get_redis_connection("default").time()
    return seconds * 1000 + microseconds // 1000


@available
def settings_of(concert_id) -> dict[str, str]:
    """The settings and counters as Redis holds them; empty if it does not know the room."""
    found = get_redis_connection("default").hgetall(keys_of(concert_id)[0])
    return {name.decode(): value.decode() for name, value in found.items()}


@available
def journal(concert_id, *, limit=1000) -> list[bytes]:
    """Admissions that may not be in PostgreSQL yet, in number order."""
    return get_redis_connection("default").zrange(keys_of(concert_id)[KEYS.index("journal")], 0, limit - 1)


@available
def slots(concert_id) -> tuple[float, dict[UUID, float]]:
    """The time by Redis, and until when which accounts are in; in Unix seconds."""
    active = get_redis_connection("default").zrange(keys_of(concert_id)[KEYS.index("active")], 0, -1, withscores=True)
    return clock() / 1000, {account_of(name.decode()): until / 1000 for name, until in active}
