"""Q: the waiting room."""

from datetime import timedelta

from django.db.models import Count, Max, Q
from django.utils.translation import gettext_noop as _

from concert_site.invariants.reading import Suspect, Unchecked, chunks, rows, suspects
from events.bus import home
from queueing.backends import RoomUnavailable, backend
from queueing.models import Room
from queueing.models.admission import RETURN, TICK

TOLERANCE = timedelta(seconds=10)  # the clocks of Redis and PostgreSQL, and a tick that is late

OVER_THE_LIMIT = """
SELECT room_id || ':' || number FROM queueing_admission WHERE by = 'tick' AND active_after > limit_then
"""
OUT_OF_TURN = """
SELECT room_id || ':' || number FROM (
    SELECT room_id, number, at, lag(at) OVER (PARTITION BY room_id ORDER BY number) AS before
      FROM queueing_admission WHERE by = 'tick') AS turn
 WHERE before > at
"""
PASSED_BY = """
SELECT room_id || ':' || number FROM queueing_admission a JOIN queueing_room r ON r.id = a.room_id
 WHERE a.by = 'return' AND r.epoch = 1
"""
LET_IN = """
SELECT asked.place, a.account_id, a.at
  FROM (SELECT place FROM unnest(%s::text[]) AS place WHERE place ~ '^[0-9a-f-]{36}:[0-9]{1,18}$') AS asked
  JOIN queueing_room r ON r.concert_id = split_part(asked.place, ':', 1)::uuid
  JOIN queueing_admission a ON a.room_id = r.id AND a.number = split_part(asked.place, ':', 2)::bigint
"""
WITH_A_PLACE = "SELECT id, user_id, place, created_at FROM reservations_reservation WHERE place <> '' ORDER BY id"


def wrong_admissions():
    using = home("queueing")
    yield from suspects(using, "admission", _("let in over the limit of then"), OVER_THE_LIMIT)
    yield from suspects(using, "admission", _("let in before a lower number"), OUT_OF_TURN)
    yield from suspects(using, "admission", _("let in after a higher number, though nothing was ever lost"), PASSED_BY)
    yield from _uninvited()
    try:
        yield from _leaks()
    except RoomUnavailable:
        yield Unchecked("The rooms do not answer: who is in was not looked at.")


def _uninvited():
    """Purchases without an admitted place. (A fan sees himself let in only once PostgreSQL has the admission's row.)"""
    for chunk in chunks(rows(home("reservations"), WITH_A_PLACE)):
        places = [place for _, _, place, _ in chunk]
        let_in = {(place, user): at for place, user, at in rows(home("queueing"), LET_IN, places)}
        for id, user, place, at in chunk:
            if (place, user) not in let_in or let_in[place, user] > at + TOLERANCE:
                yield Suspect(f"reservation {id}", _("no admission of its fan to its place before it"))


def _leaks():
    """Slots that nobody gets any more. (Rooms where time does not matter free theirs when they are opened again.)"""
    for room in Room.objects.ticking():
        now, active = backend().slots(room.concert_id)
        for account, until in active.items():
            if until < now - TOLERANCE.total_seconds():
                yield Suspect(f"room {room.concert_id}, account {account}", _("still active after its time"))
        if len(active) > _places(room, active):
            yield Suspect(f"room {room.concert_id}", _("more active than places"))


def _places(room, active):
    """As many as may be in: the limit may have been higher when they came; operators let in above it, and a fan whose
    payment failed has his slot back above it."""
    theirs = room.admissions.filter(account_id__in=list(active))
    limits = theirs.aggregate(
        then=Max("limit_then"), by_hand=Count("id", filter=~Q(by__in=[TICK, RETURN]) | Q(given_back=True))
    )
    return max(room.max_active, limits["then"] or 0) + limits["by_hand"]
