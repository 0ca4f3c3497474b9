"""The tick: who is over goes, who is next comes in. Any number of processes may tick at once."""

import json

import structlog

from queueing import mirror, places, store
from queueing.models import Admission, Room
from queueing.models.admission import TICK
from queueing.store import RoomUnavailable

logger = structlog.get_logger(__name__)


def tick_rooms(*, now=None):
    """Tick every room where time matters. One room's failure does not stop the others."""
    for room in Room.objects.ticking():
        try:
            tick(room=room, now=now)
        except RoomUnavailable as error:
            logger.warning("room_unavailable", concert_id=str(room.concert_id), error=str(error.__cause__))
        except Exception as error:
            logger.error("tick_failed", concert_id=str(room.concert_id), exc_info=error)


def tick(*, room, now=None) -> list[Admission]:
    """Let in whom the limits allow, and write it down. Returns those let in by this call, in number order."""
    if room.state == Room.State.BEFORE_OPENING:
        room.open_if_due()
    admitted, again = [], True
    while again:
        counter, ceiling, entries, again = mirror.ask(
            "tick", concert_id=room.concert_id, args=(room.version, TICK), now=now
        )
        admitted += entries
        drain(room)
        mirror.top_up(room.concert_id, counter=counter, ceiling=ceiling)
    return [_admission(entry, room=room) for entry in admitted]


def drain(room):
    """Write the journal's admissions into PostgreSQL, then strike them off.

    Whoever dies in between leaves them in the journal; the next tick writes them again, without effect.
    """
    while entries := store.journal(room.concert_id):
        Admission.record([_admission(entry, room=room) for entry in entries])
        store.strike(room.concert_id, entries=entries)


def undrained(room) -> list[Admission]:
    """Those of the journal: let in, but maybe not in PostgreSQL yet."""
    return [_admission(entry, room=room) for entry in store.journal(room.concert_id)]


def _admission(entry, *, room):
    told = json.loads(entry)
    return Admission(
        room=room,
        number=int(told["number"]),
        account_id=store.account_of(told["account"]),
        at=places.moment(told["at"]),
        active_after=int(told["active_after"]),
        limit_then=int(told["limit_then"]),
        by=told["by"],
    )
