"""Places in PostgreSQL: a verb is one transaction under the room row's lock. See queueing.backends for their promises.

Polling locks nothing. Nothing is ever lost but what a failed commit loses, so there is nothing to bring back.
"""

from datetime import timedelta

from queueing.backends.database import ticking
from queueing.backends.database.polling import look
from queueing.backends.database.standing import ACTIVE, WAITING, available, locked, read
from queueing.backends.reply import REFUSED, UNPROVEN, FrontReply, Reply
from queueing.models import Admission, Door, KeptPlace, Room

EXPIRED, USED = KeptPlace.Status.EXPIRED, KeptPlace.Status.USED


@available
def enter(*, concert_id, account_id, door=None, proven=False, now=None) -> Reply:
    with locked(concert_id, now=now) as standing:
        found = standing.place_of(account_id)
        room, status = standing.room, found and standing.status_of(found)
        if status == ACTIVE or status == WAITING and room.state != Room.State.CLOSED:
            standing.hear_of(found)
            return standing.answer(found)
        if room.state in (Room.State.OFF, Room.State.CLOSED):
            return standing.answer()
        if room.asks_proof and not proven:
            return standing.answer()._replace(status=UNPROVEN)
        if wait := _refused(standing, door):
            return standing.answer()._replace(status=REFUSED, until_ms=-(-wait // timedelta(milliseconds=1)))
        begun = standing.begin(account_id, place=found, is_early=room.state == Room.State.BEFORE_OPENING)
        return standing.answer(begun, is_new=True)


@available
def place(*, concert_id, account_id, now=None) -> Reply:
    standing, found = look(concert_id, account_id, now=now)
    standing.hear_of(found)
    return standing.answer(found)


@available
def status(*, concert_id, account_id, now=None) -> Reply:
    standing, found = look(concert_id, account_id, now=now)
    if found and found.status == ACTIVE:
        standing.hear_of(found)
    return standing.answer(found)


@available
def bring_back(*, concert_id, account_id, number, ticket, now=None) -> Reply:
    standing, found = look(concert_id, account_id, now=now)
    return standing.answer(found)


@available
def leave(*, concert_id, account_id, now=None) -> tuple[str, int] | None:
    with locked(concert_id, now=now) as standing:
        found = standing.place_of(account_id)
        if found is None:
            return None
        if found.status == ACTIVE:
            standing.depart()
        found.delete()
        return standing.status_of(found).value, found.number or 0


@available
def use(*, concert_id, account_id, number, now=None) -> bool:
    with locked(concert_id, now=now) as standing:
        found = _under(standing, account_id, number, (ACTIVE, EXPIRED))
        if found:
            standing.finish(found, USED)
    return bool(found)


@available
def keep(*, concert_id, account_id, number, until, now=None):
    """The end of the kept time, or None."""
    with locked(concert_id, now=now) as standing:
        found = _under(standing, account_id, number, (ACTIVE,))
        if found:
            found.keep(until, now=standing.now)
    return found and found.until


@available
def give_back(*, concert_id, account_id, number, now=None):
    """(the new end of the active time, whether the slot had been given up meanwhile), or None."""
    with locked(concert_id, now=now) as standing:
        found = _under(standing, account_id, number, (ACTIVE, EXPIRED))
        was_over = found and standing.status_of(found) == EXPIRED
        if not found or not found.remaining or not found.give_back(now=standing.now):
            return None
    return found.until, was_over


@available
def admit(*, room, by, count=0, account_id=None, now=None) -> list[Admission]:
    with locked(room.concert_id, now=now) as standing:
        if standing.room.state in (Room.State.OFF, Room.State.BEFORE_OPENING):
            return []
        if account_id:
            following = _whoever_it_is(standing, account_id)
        else:
            following = list(standing.places.line()[:count])
            standing.serve(following)
            standing.save_board()
        return standing.let_in(following, active=standing.places.inside().count(), by=lambda place: by)


@available
def front(*, concert_id) -> FrontReply:
    standing = read(concert_id, now=None)
    board, places = standing.board, standing.places
    return FrontReply(
        known=standing.answer(),
        waiting=places.filter(status=WAITING).count(),
        active=places.inside().count(),
        served=board.served,
        announcement=standing.room.announcement,
        line=[tuple(point) for point in board.line],
        stock=board.stock,
        slowed_by=board.slowed_by,
    )


@available
def tick(*, room, inflow, stock, now=None) -> list[Admission]:
    return ticking.tick(room, inflow=inflow, stock=stock, now=now)


@available
def slots(concert_id):
    standing = read(concert_id, now=None)
    ends = {
        found.account_id: found.end(spared=standing.spared, grace=standing.grace).timestamp()
        for found in standing.places.inside()
    }
    return standing.now.timestamp(), ends


@available
def given(room) -> int:
    return Room.objects.values_list("high_water", flat=True).get(pk=room.pk)


def follow(room):
    """The row is the room."""


def _refused(standing, door):
    """How long that address has to wait; nothing where it may come in. (The room's lock covers the door's row.)"""
    if not door:
        return None
    address, at_once, seconds = door
    row = Door.objects.filter(room=standing.room, address=address).first()
    row = row or Door(room=standing.room, address=address, used_until=standing.now)
    return row.refuses_for(now=standing.now, at_once=at_once, each=timedelta(milliseconds=round(1000 * seconds)))


def _under(standing, account_id, number, statuses) -> KeptPlace | None:
    """The account's place, if it has that number and one of these statuses: another number is another place."""
    found = standing.place_of(account_id)
    return found if found and found.number == number and standing.status_of(found) in statuses else None


def _whoever_it_is(standing, account_id) -> list[KeptPlace]:
    """That account's place, wherever it stands; none when it is in already."""
    found = standing.place_of(account_id)
    status = found and standing.status_of(found)
    if status == ACTIVE:
        return []
    return [found] if status == WAITING and found.number else [standing.begin(account_id, place=found)]


__all__ = [
    "admit", "bring_back", "enter", "follow", "front", "give_back", "given", "keep", "leave", "place", "slots",
    "status", "tick", "use",
]  # fmt: skip
