"""What operators do to a room. Pages, admin and commands all call these.

Each takes `operator` (a name) and `reason`, and may take `operator_id` (UUID) and `seen` (the version that the
operator looked at). Each happens, with its OperatorAction, or raises RoomChanged, WrongState or ValidationError.
Redis follows at the commit; if it is away, at the first tick afterwards.
"""

from functools import partial

from django.db import transaction

from events import bus
from queueing import mirror
from queueing.models import Room


def open_room(room, **why):
    """Let fans in, for the first time or again. Places are kept."""
    _pull(room, action="queue.open", state=Room.State.OPEN, **why)


def schedule(room, *, opens_at, **why):
    """Fans may come and wait; at `opens_at` the room opens by itself (None: when an operator opens it)."""
    _pull(room, action="queue.schedule", state=Room.State.BEFORE_OPENING, opens_at=opens_at, **why)


def pause(room, **why):
    """Nobody is let in; fans may come and wait, and places are kept."""
    _pull(room, action="queue.pause", state=Room.State.PAUSED, **why)


def close(room, **why):
    """Nobody is let in and nobody may come; who is in may finish."""
    _pull(room, action="queue.close", state=Room.State.CLOSED, **why)


def turn_off(room, **why):
    """Nobody needs a place."""
    _pull(room, action="queue.off", state=Room.State.OFF, **why)


def set_limits(room, *, max_active=None, per_minute=None, **why):
    """How many may be in at once, and how many may come in per minute. None leaves a limit as it is."""
    limits = {"max_active": max_active, "per_minute": per_minute}
    _pull(room, action="queue.limits", **{name: limit for name, limit in limits.items() if limit is not None}, **why)


def set_times(room, **times_and_why):
    """Change active_seconds, longest_seconds or grace_seconds; who is in keeps the time that was promised."""
    _pull(room, action="queue.times", **times_and_why)


def announce(room, *, announcement, **why):
    """Tell the waiting something; an empty text takes it back."""
    _pull(room, action="queue.announce", announcement=announcement, **why)


def _pull(room, **change):
    with bus.atomic(Room):
        room.change(**change)
        transaction.on_commit(partial(mirror.push_if_possible, room), using=bus.home(Room))
