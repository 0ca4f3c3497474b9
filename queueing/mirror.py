"""PostgreSQL holds the truth about a room's settings and numbers; Redis works on a mirror of it.

The mirror is made when it is missing (first use, or Redis was wiped) and when it is older than the row. Numbers are
promised in blocks: `Room.high_water` is raised in PostgreSQL before Redis may give any number up to it. Whatever
Redis forgets, no number is given twice.
"""

import time

import structlog
from redis.exceptions import NoScriptError

from queueing import store
from queueing.models import Room
from queueing.store import RoomUnavailable

logger = structlog.get_logger(__name__)
ATTEMPTS = 20
PATIENCE = 0.05  # seconds that another process gets to hand on the block of numbers that it has claimed


def ask(verb, *, concert_id, args=(), now=None):
    """The answer of the verb's script; makes or repairs the mirror first where needed. Raises RoomUnavailable."""
    given = (milliseconds(now) if now else "", *args)
    for attempt in range(ATTEMPTS):
        reply = _run(verb, concert_id=concert_id, args=given)
        if reply in (b"MISSING", b"STALE"):
            load(concert_id)
        elif isinstance(reply, list) and reply[0] == b"EXHAUSTED":
            _supply(concert_id, ceiling=reply[1], patient=attempt < ATTEMPTS / 2)
        else:
            return reply
    raise RoomUnavailable


def load(concert_id):
    """Bring the row in PostgreSQL into Redis."""
    room = Room.objects.filter(concert_id=concert_id).first()
    if room is None:
        _run("configure", concert_id=concert_id, args=(0, 0, "state", Room.State.OFF.value))
    else:
        push(room)


def push(room):
    """Bring this version of the room into Redis, unless a newer one is there."""
    fields = _settings(room) | {"run_id": store.run_id()}
    pairs = [part for pair in fields.items() for part in pair]
    reply = _run("configure", concert_id=room.concert_id, args=(room.version, room.high_water, *pairs))
    counter, ceiling = (int(figure or 0) for figure in reply)
    if room.state != Room.State.OFF:
        top_up(room.concert_id, counter=counter, ceiling=ceiling)


def push_if_possible(room):
    """The same after a commit: if Redis is away the next tick does it, and nobody is let in until then."""
    try:
        push(room)
    except RoomUnavailable as error:
        logger.warning("room_not_mirrored", concert_id=str(room.concert_id), error=str(error.__cause__))


def top_up(concert_id, *, counter, ceiling):
    """Claim the next block of numbers before the present one runs out."""
    if ceiling - counter < Room.BLOCK // 2 and Room.claim_block(concert_id, above=ceiling):
        _run("ceiling", concert_id=concert_id, args=(ceiling + Room.BLOCK,))


def _supply(concert_id, *, ceiling, patient):
    """More numbers, now. If another process has claimed the next block, it is about to hand it on, or it has died."""
    if Room.claim_block(concert_id, above=ceiling):
        _run("ceiling", concert_id=concert_id, args=(ceiling + Room.BLOCK,))
    elif patient:
        time.sleep(PATIENCE)
    else:
        high_water = Room.claim_any_block(concert_id)
        _run("ceiling", concert_id=concert_id, args=(high_water, high_water - Room.BLOCK))


def _run(verb, *, concert_id, args):
    """A server without our scripts has restarted or is a promoted replica: it may have lost the last numbers given."""
    try:
        return store.run(verb, concert_id=concert_id, args=args)
    except NoScriptError:
        _skip_lost_numbers()
        store.load_scripts()
        return store.run(verb, concert_id=concert_id, args=args)


def _skip_lost_numbers():
    """Raise the counters of all rooms above any number given in the server's earlier life."""
    life = store.run_id()
    for concert_id in Room.objects.exclude(high_water=0).values_list("concert_id", flat=True):
        if store.settings_of(concert_id).get("run_id", life) != life:
            high_water = Room.claim_any_block(concert_id)
            store.run_anew("ceiling", concert_id=concert_id, args=(high_water, high_water - Room.BLOCK, life))


def _settings(room):
    return {
        "state": room.state,
        "max_active": room.max_active,
        "per_minute": room.per_minute,
        "active_ms": room.active_seconds * 1000,
        "longest_ms": room.longest_seconds * 1000,
        "grace_ms": room.grace_seconds * 1000,
        "opens_at": milliseconds(room.opens_at) if room.opens_at else "",
        "announcement": room.announcement,
    }


def milliseconds(moment) -> int:
    """Since 1970, as Redis counts."""
    return int(moment.timestamp() * 1000)
