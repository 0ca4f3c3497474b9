"""The tick: who is over goes, who is next comes in. Any number of processes may tick at once."""

import structlog
from django.db.models.functions import Now, TruncMinute

from queueing import pressure, stock
from queueing.backends import RoomUnavailable, backend
from queueing.models import Admission, Inflow, Room, RoomMinute

logger = structlog.get_logger(__name__)


def tick_rooms(*, now=None):
    """Tick every room where time matters. One room's failure does not stop the others."""
    inflow = pressure.look(now=now)
    for room in Room.objects.ticking():
        try:
            tick(room=room, inflow=inflow, now=now)
            note_minute(room, inflow=inflow)
        except RoomUnavailable as error:
            logger.warning("room_unavailable", concert_id=str(room.concert_id), error=str(error.__cause__))
        except Exception as error:
            logger.error("tick_failed", concert_id=str(room.concert_id), exc_info=error)


def tick(*, room, inflow=None, now=None) -> list[Admission]:
    """Let in whom the limits allow, and write it down. Returns those let in by this call, in number order.

    inflow: how much of the operators' pace the shop can take; all of it if nothing is said.
    """
    if room.state == Room.State.BEFORE_OPENING:
        room.open_if_due(given=backend().given(room))
    return backend().tick(room=room, inflow=inflow or Inflow(), stock=stock.left(room.concert_id), now=now)


def note_minute(room, *, inflow):
    """Once a minute, by PostgreSQL's clock: how the room is, and how many were let in during the minute before."""
    (minute,) = Room.objects.filter(pk=room.pk).values_list(TruncMinute(Now()), flat=True)
    if RoomMinute.objects.filter(room=room, at=minute).exists():
        return
    front = backend().front(concert_id=room.concert_id)
    row = RoomMinute(
        room=room,
        at=minute,
        waiting=front.waiting,
        active=front.active,
        admitted=room.admissions.of_the_minute_before(minute).count(),
        inflow=inflow.share,
    )
    RoomMinute.objects.bulk_create([row], ignore_conflicts=True)
