"""Q: the waiting room."""

from datetime import timedelta

from django.db.models import Count, Max, Q

from concert_site.invariants.reading import CHUNK, Suspect, Unchecked, chunks, rows, suspects
from events.bus import home
from queueing import store, ticks
from queueing.models import Admission, Room
from queueing.models.admission import TICK
from queueing.store import RoomUnavailable

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
WITH_A_PLACE = "SELECT id, user_id, place, created_at FROM reservations_reservation WHERE place <> '' ORDER BY id"


def wrong_admissions():
    using = home("queueing")
    yield from suspects(using, "admission", "let in over the limit of then", OVER_THE_LIMIT)
    yield from suspects(using, "admission", "let in before a lower number", OUT_OF_TURN)
    try:
        yield from _uninvited()
        yield from _leaks()
    except RoomUnavailable:
        yield Unchecked("Redis does not answer: slots, and admissions that stand only there, were not looked at.")


def _uninvited():
    """Purchases without an admitted place. An admission that PostgreSQL does not have yet stands in Redis' journal."""
    for chunk in chunks(rows(home("reservations"), WITH_A_PLACE)):
        written = Admission.objects.filter(account_id__in={user for _, user, _, _ in chunk}).select_related("room")
        unknown = _not_among(written.iterator(chunk_size=CHUNK), chunk)
        for id, *_place in _not_among(_in_journals(unknown), unknown):
            yield Suspect(f"reservation {id}", "no admission of its fan to its place before it")


def _not_among(admissions, purchases):
    let_in = {(f"{a.room.concert_id}:{a.number}", a.account_id): a.at for a in admissions}
    return [
        (id, user, place, at)
        for id, user, place, at in purchases
        if (place, user) not in let_in or let_in[place, user] > at + TOLERANCE
    ]


def _in_journals(purchases):
    concerts = {place.partition(":")[0] for _, _, place, _ in purchases}
    for room in Room.objects.filter(concert_id__in=concerts):
        yield from ticks.undrained(room)


def _leaks():
    """Slots that nobody gets any more. (Rooms where time does not matter free theirs when they are opened again.)"""
    for room in Room.objects.ticking():
        now, active = store.slots(room.concert_id)
        for account, until in active.items():
            if until < now - TOLERANCE.total_seconds():
                yield Suspect(f"room {room.concert_id}, account {account}", "still active after its time")
        if len(active) > _places(room, active):
            yield Suspect(f"room {room.concert_id}", "more active than places")


def _places(room, active):
    """As many as may be in: the limit may have been higher when they came, and operators let in above it."""
    theirs = room.admissions.filter(account_id__in=list(active))
    limits = theirs.aggregate(then=Max("limit_then"), by_hand=Count("id", filter=~Q(by=TICK)))
    return max(room.max_active, limits["then"] or 0) + limits["by_hand"]
