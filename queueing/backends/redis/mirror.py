"""PostgreSQL holds the truth about a room's settings, numbers and admissions; Redis works on a mirror of it.

The mirror is made when it is missing (first use, or Redis was wiped) and when it is older than the row. Numbers are
promised in blocks: `Room.high_water` is raised in PostgreSQL before Redis may give any number up to it. Whatever
Redis forgets, no number is given twice. After a loss a new epoch of the room begins: a pass of an earlier one brings
its place back, and nobody is let in until those who wait have had time to ask.
"""

import json
import time
from datetime import timedelta

import structlog
from django.db.models import F, Max
from redis.exceptions import NoScriptError

from queueing import outlook
from queueing.backends.redis import store
from queueing.backends.reply import RoomUnavailable, milliseconds, moment
from queueing.models import Room
from queueing.models.admission import TICK

logger = structlog.get_logger(__name__)
ATTEMPTS = 20
PATIENCE = 0.02  # seconds that another process gets to hand on the block of numbers that it has claimed
LATE = 5  # seconds after the time to ask within which nearly everybody has asked


def ask(verb, *, concert_id, args=(), now=None, keys=()):
    """The answer of the verb's script; makes or repairs the mirror first where needed. Raises RoomUnavailable."""
    given = (milliseconds(now) if now else "", *args)
    for attempt in range(ATTEMPTS):
        reply = _run(verb, concert_id=concert_id, args=given, keys=keys)
        if reply in (b"MISSING", b"STALE"):
            load(concert_id, now=now)
        elif isinstance(reply, list) and reply and reply[0] == b"EXHAUSTED":
            _supply(concert_id, ceiling=reply[1], patient=attempt < ATTEMPTS / 2)
        else:
            return reply
    raise RoomUnavailable


def load(concert_id, *, now=None):
    """Bring the row in PostgreSQL into Redis."""
    room = Room.objects.filter(concert_id=concert_id).first()
    if room is None:
        _run("configure", concert_id=concert_id, args=(0, 0, 0, "{}", "state", Room.State.OFF.value))
    else:
        push(room, now=now)


def push(room, *, now=None):
    """Bring this version of the room into Redis, unless a newer one is there."""
    known = store.settings_of(room.concert_id)
    fields = _settings(room) | {"run_id": store.run_id()}
    if "epoch" not in known:
        fields["epoch"] = room.epoch
    lost = "{}"
    if room.high_water and known.get("version", "0") == "0":
        fields |= _after_a_loss(room, now=now)
        lost = json.dumps({"inside": _inside(room, now=now), "recent": _recent(room, now=now)})
    pairs = [part for pair in fields.items() for part in pair]
    floor = room.draw_first if room.draw_last is None else room.draw_last
    reply = _run("configure", concert_id=room.concert_id, args=(room.version, room.high_water, floor, lost, *pairs))
    counter, ceiling = (int(figure or 0) for figure in reply)
    if room.state != Room.State.OFF:
        top_up(room.concert_id, counter=counter, ceiling=ceiling)


def _after_a_loss(room, *, now):
    """Nobody is let in until even the last of the line has been told to ask again, and had time to."""
    _begin_epoch(room)
    served = room.admissions.filter(by=TICK).aggregate(last=Max("number"))["last"] or 0
    line = room.high_water - served
    pause = 1.25 * outlook.poll_after(ahead=line, number=0, grace_seconds=room.grace_seconds) + LATE
    logger.warning("room_lost", concert_id=str(room.concert_id), epoch=room.epoch, pause_seconds=pause)
    return {"epoch": room.epoch, "served": served, "recover_until": _clock(now) + round(1000 * pause)}


def _begin_epoch(room):
    Room.objects.filter(pk=room.pk).update(epoch=F("epoch") + 1)
    room.refresh_from_db(fields=["epoch"])


def _inside(room, *, now):
    """[name, number, until, latest] of those let in whose time is not over, by PostgreSQL."""
    still = room.admissions.filter(ended_at=None, until__gt=moment(_clock(now)))
    longest = max(room.longest_seconds, room.active_seconds) * 1000
    return [
        [store.name_of(one.account_id), one.number, milliseconds(one.until), milliseconds(one.at) + longest]
        for one in still
    ]


def _recent(room, *, now):
    """[number, at] of those let in during the last minute: the pace counts them on."""
    since = moment(_clock(now)) - timedelta(minutes=1)
    return [[one.number, milliseconds(one.at)] for one in room.admissions.filter(at__gt=since)]


def _clock(now):
    return milliseconds(now) if now else store.clock()


def push_if_possible(room):
    """The same after a commit: if Redis is away the next tick does it, and nobody is let in until then."""
    try:
        push(room)
    except RoomUnavailable as error:
        logger.warning("room_not_mirrored", concert_id=str(room.concert_id), error=str(error.__cause__))


def top_up(concert_id, *, counter, ceiling):
    """Claim the next block of numbers before the present one runs out."""
    if ceiling - counter <= Room.BLOCK // 2 and Room.claim_block(concert_id, above=ceiling):
        _run("ceiling", concert_id=concert_id, args=(ceiling + Room.BLOCK,))


def refill(concert_id):
    """The same for a fan by whose number half a block is gone; so in a rush nobody waits for numbers."""
    known = store.settings_of(concert_id)
    if "ceiling" in known:
        top_up(concert_id, counter=int(known["counter"]), ceiling=int(known["ceiling"]))


def _supply(concert_id, *, ceiling, patient):
    """More numbers, now. If another process has claimed the next block, it is about to hand it on, or it has died."""
    if Room.claim_block(concert_id, above=ceiling):
        _run("ceiling", concert_id=concert_id, args=(ceiling + Room.BLOCK,))
    elif patient:
        time.sleep(PATIENCE)
    else:
        high_water = Room.claim_any_block(concert_id)
        _run("ceiling", concert_id=concert_id, args=(high_water, high_water - Room.BLOCK))


def _run(verb, *, concert_id, args, keys=()):
    """A server without our scripts has restarted or is a promoted replica: it may have lost the last numbers given."""
    try:
        return store.run(verb, concert_id=concert_id, args=args, keys=keys)
    except NoScriptError:
        _skip_lost_numbers()
        store.load_scripts()
        return store.run(verb, concert_id=concert_id, args=args, keys=keys)


def _skip_lost_numbers():
    """Raise the counters of all rooms above any number given in the server's earlier life."""
    life = store.run_id()
    for room in Room.objects.exclude(high_water=0):
        if store.settings_of(room.concert_id).get("run_id", life) != life:
            _begin_epoch(room)
            high_water = Room.claim_any_block(room.concert_id)
            args = (high_water, high_water - Room.BLOCK, life, room.epoch)
            store.run_anew("ceiling", concert_id=room.concert_id, args=args)


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
        "asks_proof": int(room.asks_proof),
    }
