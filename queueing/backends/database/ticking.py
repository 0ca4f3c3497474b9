"""The admission: drop who is over, let in who is next, up to both limits. Steps are short, since they lock the room."""

from datetime import timedelta

from queueing import outlook
from queueing.backends.database.standing import in_turn, locked
from queueing.models import Admission, KeptPlace, Room
from queueing.models.admission import RETURN, TICK

AT_ONCE = 500
MINUTE, REMEMBERED = timedelta(minutes=1), timedelta(hours=1)


def tick(room, *, inflow, stock, now) -> list[Admission]:
    """Any number of processes may: one works, the others find nothing to do."""
    places = KeptPlace.objects.filter(room=room)
    while places.early().exists() and _draw(room, now=now):
        pass
    admitted, again = [], True
    while again:
        with in_turn(room.concert_id, now=now) as standing:
            step = _step(standing, inflow=inflow, stock=stock) if standing else []
        admitted, again = admitted + step, len(step) == AT_ONCE
    return admitted


def _draw(room, *, now) -> int:
    """Numbers for the next of those who came before the opening; how many."""
    with locked(room.concert_id, now=now) as standing:
        if standing.room.state == Room.State.BEFORE_OPENING:
            return 0
        drawn = list(standing.places.early()[:AT_ONCE])
        for place in drawn:
            place.number = standing.room.number_of(place.ticket)
        KeptPlace.objects.bulk_update(drawn, ["number"])
    return len(drawn)


def _step(standing, *, inflow, stock):
    """At most AT_ONCE are let in."""
    room, board, active = standing.room, standing.board, standing.places.inside().count()
    board.measure(standing.now_ms, active=active, grace_ms=1000 * room.grace_seconds)
    active -= _drop_who_is_over(standing)
    pace = room.admissions.filter(at__gt=standing.now - MINUTE).count()
    slots = min(room.max_active - active, outlook.allowed(room.per_minute, share=inflow.share) - pace)
    admitted = _admit(standing, slots=slots, active=active) if room.state == Room.State.OPEN else []
    board.inside, board.pace = active + len(admitted), pace + len(admitted)
    board.inflow, board.slowed_by, board.stock = inflow.share, str(inflow.reason), stock
    _put_up(standing)
    return admitted


def _admit(standing, *, slots, active):
    """The next of the line. Who has a number that was passed already came back late, and is no breach of the order."""
    following, served = list(standing.places.line()[: max(0, min(slots, AT_ONCE))]), standing.board.served
    standing.serve(following)
    return standing.let_in(following, active=active, by=lambda place: RETURN if place.number < served else TICK)


def _drop_who_is_over(standing) -> int:
    """How many slots came back."""
    expired, places, hearing = KeptPlace.Status.EXPIRED, standing.places, standing.hearing
    departed = places.over(hearing).finish(expired, now=standing.now)
    places.gone(hearing).finish(expired, now=standing.now)
    places.ended_before(standing.now - REMEMBERED).delete()
    standing.room.doors.filter(used_until__lte=standing.now).delete()
    standing.board.departed += departed
    return departed


def _put_up(standing):
    """What was measured, for those who ask until the next tick."""
    board = standing.board
    board.sample(standing.now_ms, is_open=standing.room.state == Room.State.OPEN)
    board.ticked, board.slots = standing.now_ms, max(0, standing.room.max_active - board.inside)
    board.line = standing.places.at_ranks(_ranks(standing.places.line().count()))
    standing.save_board()


def _ranks(size):
    """Some of a line of that size: close together in front, and the last."""
    ranks, rank = [], 0
    while rank < size - 1:
        ranks.append(rank)
        rank = 2 * rank + 1
    return [*ranks, size - 1] if size else []
