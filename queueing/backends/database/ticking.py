"""The admission: drop who is over, let in who is next, up to both limits. Steps are short, since they lock the room."""

from datetime import timedelta

from queueing import outlook
from queueing.backends.database.standing import locked
from queueing.models import Admission, KeptPlace, Room
from queueing.models.admission import RETURN, TICK

AT_ONCE = 500
MINUTE, REMEMBERED = timedelta(minutes=1), timedelta(hours=1)


def tick(room, *, inflow, stock, now) -> list[Admission]:
    """Any number of processes may: they come one after the other, and who comes second finds nothing left to do."""
    while _draw(room, now=now):
        pass
    admitted, again = [], True
    while again:
        with locked(room.concert_id, now=now) as standing:
            step = _admit(standing, inflow=inflow)
            _put_up(standing, inflow=inflow, stock=stock)
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


def _admit(standing, *, inflow):
    room, board = standing.room, standing.board
    board.measure(standing.now_ms, active=standing.places.inside().count(), grace_ms=1000 * room.grace_seconds)
    _drop_who_is_over(standing)
    if room.state != Room.State.OPEN:
        return []
    slots = room.max_active - standing.places.inside().count()
    allowed = outlook.allowed(room.per_minute, share=inflow.share) - _pace(standing)
    following = list(standing.places.line()[: max(0, min(slots, allowed, AT_ONCE))])
    served = board.served
    standing.serve(following)
    return standing.let_in(following, by=lambda place: RETURN if place.number < served else TICK)


def _drop_who_is_over(standing):
    expired, places, hearing = KeptPlace.Status.EXPIRED, standing.places, standing.hearing
    standing.board.departed += places.over(hearing).finish(expired, now=standing.now)
    places.gone(hearing).finish(expired, now=standing.now)
    places.ended_before(standing.now - REMEMBERED).delete()
    standing.room.doors.filter(used_until__lte=standing.now).delete()


def _pace(standing):
    """Let in during the last minute, by whomever."""
    return standing.room.admissions.filter(at__gt=standing.now - MINUTE).count()


def _put_up(standing, *, inflow, stock):
    """What was measured, for those who ask until the next tick."""
    board, now_ms = standing.board, standing.now_ms
    board.sample(now_ms, is_open=standing.room.state == Room.State.OPEN)
    board.ticked, board.inside = now_ms, standing.places.inside().count()
    board.slots, board.pace = max(0, standing.room.max_active - board.inside), _pace(standing)
    board.inflow, board.slowed_by, board.stock = inflow.share, str(inflow.reason), stock
    board.line = standing.places.at_ranks(_ranks(standing.places.line().count()))
    standing.save_board()


def _ranks(size):
    """Some of a line of that size: close together in front, and the last."""
    ranks, rank = [], 0
    while rank < size - 1:
        ranks.append(rank)
        rank = 2 * rank + 1
    return [*ranks, size - 1] if size else []
