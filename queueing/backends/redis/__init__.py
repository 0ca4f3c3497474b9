"""Places in Redis: one Lua script is one step. See queueing.backends for what each verb promises."""

import json
from functools import lru_cache
from itertools import chain
from uuid import uuid4

from queueing.backends.redis import mirror, store
from queueing.backends.reply import FrontReply, Reply, milliseconds, moment
from queueing.models import Admission, Room

HALF_A_BLOCK = Room.BLOCK // 2


def enter(*, concert_id, account_id, door=None, proven=False, now=None) -> Reply:
    args, keys = (store.name_of(account_id), int(proven)), ()
    if door:
        address, at_once, seconds = door
        args, keys = (*args, at_once, round(1000 * seconds)), (store.DOOR % (concert_id, address),)
    reply = _reply(mirror.ask("enter", concert_id=concert_id, args=args, keys=keys, now=now))
    if reply.is_new and (reply.number or reply.ticket) % HALF_A_BLOCK == 0:
        mirror.refill(concert_id)
    return reply


def place(*, concert_id, account_id, now=None) -> Reply:
    return _reply(mirror.ask("place", concert_id=concert_id, args=(store.name_of(account_id),), now=now))


def status(*, concert_id, account_id, now=None) -> Reply:
    return _reply(mirror.ask("status", concert_id=concert_id, args=(store.name_of(account_id),), now=now))


def bring_back(*, concert_id, account_id, number, ticket, now=None) -> Reply:
    args = (store.name_of(account_id), number, ticket)
    return _reply(mirror.ask("bring_back", concert_id=concert_id, args=args, now=now))


def leave(*, concert_id, account_id, now=None) -> tuple[str, int] | None:
    found = mirror.ask("leave", concert_id=concert_id, args=(store.name_of(account_id),), now=now)
    return (found[0].decode(), found[1]) if found else None


def use(*, concert_id, account_id, number, now=None) -> bool:
    return bool(mirror.ask("use", concert_id=concert_id, args=(store.name_of(account_id), number), now=now))


def keep(*, concert_id, account_id, number, until, now=None):
    """The end of the kept time, or None."""
    args = (store.name_of(account_id), number, milliseconds(until))
    kept = mirror.ask("keep", concert_id=concert_id, args=args, now=now)
    return moment(kept) if kept else None


def give_back(*, concert_id, account_id, number, now=None):
    """(the new end of the active time, whether the slot had been given up meanwhile), or None."""
    given = mirror.ask("give_back", concert_id=concert_id, args=(store.name_of(account_id), number), now=now)
    return (moment(given[0]), bool(given[1])) if given else None


def front(*, concert_id) -> FrontReply:
    known, waiting, active, served, announcement, line, stock, slowed_by = mirror.ask("front", concert_id=concert_id)
    return FrontReply(
        known=_reply(known),
        waiting=waiting,
        active=active,
        served=int(served or 0),
        announcement=(announcement or b"").decode(),
        line=[tuple(map(int, point.split(b":"))) for point in (line or b"").split()],
        stock=json.loads(stock) if stock else None,
        slowed_by=(slowed_by or b"").decode(),
    )


def admit(*, room, by, count=0, account_id=None, now=None) -> list[Admission]:
    args = (store.name_of(account_id) if account_id else "", by, count, uuid4().hex)
    _state, *entries = mirror.ask("admit", concert_id=room.concert_id, args=args, now=now)
    _write_down(room)
    return [_admission(entry, room=room) for entry in entries]


def tick(*, room, inflow, stock, now=None) -> list[Admission]:
    args = (room.version, inflow.share, inflow.reason, json.dumps(stock) if stock is not None else "")
    admitted, again = [], True
    while again:
        reply = mirror.ask("tick", concert_id=room.concert_id, args=args, now=now)
        if reply[0] == b"DRAW":
            _draw(room, reply[1], now=now)
            continue
        counter, ceiling, entries, again = reply
        admitted += entries
        _write_down(room)
        mirror.top_up(room.concert_id, counter=counter, ceiling=ceiling)
    return [_admission(entry, room=room) for entry in admitted]


def slots(concert_id):
    return store.slots(concert_id)


def given(room) -> int:
    return int(store.settings_of(room.concert_id).get("counter", room.high_water))


def follow(room):
    mirror.push_if_possible(room)


def _write_down(room):
    """Write the journal's admissions into PostgreSQL, then let their fans see it.

    Whoever dies in between leaves them in the journal; the next tick writes them again, without effect.
    """
    while entries := store.journal(room.concert_id):
        Admission.record([_admission(entry, room=room) for entry in entries])
        mirror.ask("confirm", concert_id=room.concert_id, args=entries)


def _draw(room, line, *, now):
    """Numbers for the next of those who came before the opening; `line` is name, ticket, name, ticket …"""
    if room.draw_last is None:
        room.refresh_from_db()
    pairs = [(name, int(ticket)) for name, ticket in zip(line[::2], line[1::2], strict=True)]
    args = chain.from_iterable((name, ticket, room.number_of(ticket)) for name, ticket in pairs)
    mirror.ask("draw", concert_id=room.concert_id, args=tuple(args), now=now)


def _reply(raw) -> Reply:
    """Redis has no other types than text and whole numbers."""
    now_ms, figures, *place = raw
    if place:
        place[0] = place[0].decode()
    return Reply(now_ms, *_figures(figures), *place)


@lru_cache(maxsize=1024)
def _figures(text) -> tuple:
    """Of the room, as its scripts tell them; they stay as they are until the next tick."""
    state, *known, inflow = text.decode().split(" ")
    return state, *[int(float(figure or 0)) for figure in known], float(inflow or 1)


def _admission(entry, *, room):
    told = json.loads(entry)
    return Admission(
        room=room,
        number=int(told["number"]),
        account_id=store.account_of(told["account"]),
        at=moment(told["at"]),
        until=moment(told["until"]),
        active_after=int(told["active_after"]),
        limit_then=int(told["limit_then"]),
        by=told["by"],
    )


__all__ = [
    "admit", "bring_back", "enter", "follow", "front", "give_back", "given", "keep", "leave", "place", "slots",
    "status", "tick", "use",
]  # fmt: skip
