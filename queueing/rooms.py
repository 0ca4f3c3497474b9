"""The waiting room's verbs, for fans and for the gate. One account has one place; Redis decides, in one step each.

All of them raise RoomUnavailable while Redis is away: nobody is let in by accident. `now` is for tests; else the
clock of Redis counts.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from api.problems import Conflict
from queueing import mirror, places
from queueing.models import Room
from queueing.places import Place
from queueing.store import RoomUnavailable as RoomUnavailable  # raised by every verb
from queueing.store import name_of

OFF = Room.State.OFF.value  # the state in which nobody needs a place


class RoomClosed(Conflict):
    default_code = "room_closed"
    default_detail = _("The waiting room is closed.")


@dataclass(frozen=True, kw_only=True)
class Front:
    """What anyone may know. serving_number: the highest let in. pace_per_minute: let in during the last minute."""

    state: str
    serving_number: int
    waiting: int
    active: int
    pace_per_minute: int
    opens_at: datetime | None
    announcement: str


def enter(*, concert_id, account_id, now=None) -> Place:
    """A place at the end, or the one that the account has (`is_new` tells). Raises RoomClosed.

    After USED or EXPIRED it is a new place. While the room is OFF it is ACTIVE without a number.
    """
    reply = mirror.ask("enter", concert_id=concert_id, args=(name_of(account_id),), now=now)
    found = _place(reply, concert_id=concert_id, account_id=account_id)
    if found is None:
        raise RoomClosed
    return found


def place(*, concert_id, account_id, now=None) -> Place | None:
    """The account's place, or None. Asking is the heartbeat that keeps a waiting place."""
    reply = mirror.ask("place", concert_id=concert_id, args=(name_of(account_id),), now=now)
    return _place(reply, concert_id=concert_id, account_id=account_id)


def status(*, concert_id, account_id, now=None) -> tuple[str, Place | None]:
    """The room's state and the account's place, for the gate: one question to Redis, and no heartbeat."""
    reply = mirror.ask("status", concert_id=concert_id, args=(name_of(account_id),), now=now)
    return reply[0].decode(), places.read(reply, concert_id=concert_id, account_id=account_id)


def leave(*, concert_id, account_id, now=None) -> bool:
    """Give the place up; a slot comes back at once. Says whether there was one to give up."""
    return bool(mirror.ask("leave", concert_id=concert_id, args=(name_of(account_id),), now=now))


def use(*, concert_id, account_id, number, now=None) -> bool:
    """The fan has paid under that number: USED, and the slot comes back. False when that is not his place any more."""
    return bool(mirror.ask("use", concert_id=concert_id, args=(name_of(account_id), number), now=now))


def keep(*, concert_id, account_id, number, until, now=None) -> bool:
    """Keep the slot while a payment runs; never shortens, and ends at the room's longest time. False as for `use`."""
    kept = (name_of(account_id), number, mirror.milliseconds(until))
    return bool(mirror.ask("keep", concert_id=concert_id, args=kept, now=now))


def front(*, concert_id) -> Front:
    """What anyone may know of the room."""
    state, waiting, active, served, pace, opens_at, announcement = mirror.ask("front", concert_id=concert_id)
    return Front(
        state=state.decode(),
        serving_number=int(served or 0),
        waiting=waiting,
        active=active,
        pace_per_minute=int(pace or 0),
        opens_at=places.moment(int(opens_at)) if opens_at else None,
        announcement=(announcement or b"").decode(),
    )


def _place(reply, *, concert_id, account_id):
    if reply[0] == OFF.encode():
        return places.not_needed(concert_id=concert_id, account_id=account_id)
    return places.read(reply, concert_id=concert_id, account_id=account_id)
