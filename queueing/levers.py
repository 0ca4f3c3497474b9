"""What operators do to a room. Pages, admin and commands all call these.

Each takes `operator` (a name) and `reason`, and may take `operator_id` (UUID) and `seen` (the version that the
operator looked at). Each happens, with its OperatorAction, or raises RoomChanged, WrongState or ValidationError.
The backend follows at the commit; if it is away, at the first tick afterwards.
"""

from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from events import bus
from queueing import ticks
from queueing.backends import RoomUnavailable, backend
from queueing.models import Admission, Room


def open_room(room, **why):
    """Let fans in, for the first time or again. Places are kept."""
    _pull(room, action="queue.open", state=Room.State.OPEN, **why)


def schedule(room, *, opens_at, **why):
    """Fans may come and wait; at `opens_at` the room opens by itself (None: when an operator opens it).

    Also raises RoomUnavailable where an earlier draw may be unfinished: whoever still has its tickets gets his number
    first, since the next draw has another seed.
    """
    if room.draw_last is not None:
        ticks.tick(room=room)
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


def ask_proof(room, *, asks_proof, **why):
    """Whether a device must show some work before it gets a place."""
    _pull(room, action="queue.proof", asks_proof=asks_proof, **why)


def admit(room, *, count, **why) -> list[Admission]:
    """Let the next `count` in, whatever the limits. Returns those let in; also raises RoomUnavailable."""
    if count < 1:
        raise ValidationError(_("Say how many."))
    return _let_in(room, action="queue.admit", count=count, **why)


def bypass(room, *, account_id, **why) -> list[Admission]:
    """Let that account in, wherever it stands; none when it is in already. Also raises RoomUnavailable."""
    return _let_in(room, action="queue.bypass", account_id=account_id, **why)


def _let_in(room, *, action, operator, count=0, account_id=None, **why):
    """The action is written down first: one without an effect can be repeated, an effect without one never happens."""
    told = {"count": count} if count else {"account_id": str(account_id)}
    with bus.atomic(Room):
        room.change(action=action, operator=operator, told=told, **why)
        if room.state in (Room.State.OFF, Room.State.BEFORE_OPENING):
            raise ValidationError(
                _("Nobody can be let in while the room is %(state)s.") % {"state": room.get_state_display()}
            )
    return backend().admit(room=room, by=operator, count=count, account_id=account_id)


def _pull(room, **change):
    with bus.atomic(Room):
        room.change(given=_given(room), **change)
        transaction.on_commit(partial(backend().follow, room), using=bus.home(Room))


def _given(room) -> int | None:
    """The highest number given so far; None while the backend can't say, and PostgreSQL's bound has to do."""
    try:
        return backend().given(room)
    except RoomUnavailable:
        return None
