"""A small shared world: one room, fans who come one after the other, and a clock that tests turn by hand."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from queueing import rooms, ticks
from queueing.models import Room

START = datetime(2030, 5, 1, 20, 0, tzinfo=UTC)
OPERATOR = {"operator": "Olga", "reason": "a test"}


def at(seconds) -> datetime:
    """So many seconds after the start."""
    return START + timedelta(seconds=seconds)


def make_room(state=Room.State.OPEN, **settings) -> Room:
    return Room.objects.create(concert_id=uuid4(), state=state, **settings)


def enter(room, fan=None, *, now=START):
    return rooms.enter(concert_id=room.concert_id, account_id=fan or uuid4(), now=now)


def crowd(room, size, *, now=START) -> list[UUID]:
    """So many fans, who have entered in this order."""
    fans = [uuid4() for _ in range(size)]
    for fan in fans:
        enter(room, fan, now=now)
    return fans


def place(room, fan, *, now=START):
    return rooms.place(concert_id=room.concert_id, account_id=fan, now=now)


def tick(room, *, now=START) -> list[UUID]:
    """The accounts let in."""
    return [admission.account_id for admission in ticks.tick(room=room, now=now)]


def use(room, fan, number, *, now=START):
    return rooms.use(concert_id=room.concert_id, account_id=fan, number=number, now=now)


def statuses(room, fans, *, now=START) -> list[str]:
    """Without a heartbeat."""
    return [rooms.status(concert_id=room.concert_id, account_id=fan, now=now)[1].status for fan in fans]
