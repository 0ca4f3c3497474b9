"""Taking seats: all of a request or none, each by one fan at a time.

Locks, in this order (docs/locking.md): the fan's own turn, the seats by id, lapsed reservations by id.
"""

from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, OperationalError, connections
from django.db.models import Q
from psycopg.errors import LockNotAvailable

from events import bus
from events.clock import database_now
from events.messages import ReservationHeld
from reservations.models import Claim, Reservation, Seat

LOCK_TIMEOUT = "3s"
ALTERNATIVES_PER_SEAT = 3


class InvalidSeats(Exception):
    """The request names no seats, the same one twice, or seats that this performance does not have."""


class SalesClosed(Exception):
    """The performance is not on sale: not yet, or not any more."""


class SeatLimitExceeded(Exception):
    """The fan would have more seats than one may have."""


class SeatsUnavailable(Exception):
    """Some of the seats belong to others."""

    def __init__(self, *, seat_ids, alternatives=()):
        self.seat_ids, self.alternatives = list(seat_ids), list(alternatives)
        super().__init__(f"taken: {', '.join(map(str, self.seat_ids))}")


def hold(*, performance, seat_ids, user_id, place="", key=None, now=None) -> Reservation:
    """Hold free seats for a fan for settings.HOLD_SECONDS. The same key again is the same reservation.

    Raises InvalidSeats, SalesClosed, SeatLimitExceeded, SeatsUnavailable; then nothing has changed.
    """
    if earlier := _held_under(key, user_id=user_id):
        return earlier
    seats = asked_for(performance=performance, seat_ids=seat_ids)
    moment = now or database_now(bus.home(Reservation))
    if not performance.is_on_sale(now=moment):
        raise SalesClosed
    _refuse_taken(seats, now=moment)  # most of those who come too late never wait for a lock
    with _taken_when_locked(seats), bus.atomic(Reservation):
        _take_turn(user_id=user_id, performance=performance)
        if earlier := _held_under(key, user_id=user_id):  # by the same request, a moment before this one
            return earlier
        seats = Seat.objects.lock([seat.id for seat in seats])
        moment = now or database_now(bus.home(Reservation))
        _expire_lapsed(seats, user_id=user_id, place=place, now=moment)
        _refuse_taken(seats, now=moment)
        _refuse_too_many(seats, performance=performance, user_id=user_id, place=place, now=moment)
        return _hold(seats, performance=performance, user_id=user_id, place=place, key=key, now=moment)


def take_again(reservation, *, cause):
    """Confirm a FAILED reservation whose points came late, if its seats are still free and the fan may have them.

    Raises SeatsUnavailable, SeatLimitExceeded; then nothing has changed.
    """
    fan = {"user_id": reservation.user_id, "place": ""}
    with bus.atomic(Reservation):
        seats = lock_seats_of(reservation)
        now = database_now(bus.home(Reservation))
        _expire_lapsed(seats, now=now, **fan)
        _refuse_taken(seats, now=now)
        _refuse_too_many(seats, performance=reservation.performance, now=now, **fan)
        reservation.lock()
        _claim(seats, reservation=reservation, prices=dict(reservation.claims.values_list("seat", "price")))
        reservation.confirm_late(cause=cause)


def lock_seats_of(reservation):
    """Its fan's turn and its seats, before the reservation itself is locked; needs a transaction."""
    _take_turn(user_id=reservation.user_id, performance=reservation.performance)
    return Seat.objects.lock(reservation.claims.values_list("seat", flat=True).distinct())


def asked_for(*, performance, seat_ids):
    """The seats of that request. Raises InvalidSeats."""
    seats = list(Seat.objects.filter(performance=performance, id__in=seat_ids))
    if not seat_ids or len(seats) != len(seat_ids):
        raise InvalidSeats
    return seats


def expire_holds(*, now=None) -> int:
    """Tidy up the holds whose time is over; returns how many. They block nobody before this, either."""
    expired = 0
    with bus.atomic(Reservation):
        lapsed = Reservation.objects.lapsed(now=now).order_by("id").select_for_update(skip_locked=True)[:500]
        for reservation in lapsed:
            reservation.expire(now=now)
            expired += 1
    return expired


def _held_under(key, *, user_id):
    return Reservation.objects.filter(user_id=user_id, hold_key=key).first() if key else None


def _take_turn(*, user_id, performance):
    """One hold at a time for a fan and performance, so that two can't both pass the limit."""
    with connections[bus.home(Reservation)].cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{user_id}:{performance.id}"])


def _expire_lapsed(seats, *, user_id, place, now):
    """End what only looks like a claim: a partial index can't know the time."""
    on_seats = Q(claims__seat__in=seats, claims__ended_at=None)
    of_fan = Q(user_id=user_id, performance=seats[0].performance_id)
    in_place = Q(place=place) & ~Q(place="")
    lapsed = Reservation.objects.lapsed(now=now).filter(on_seats | of_fan | in_place).values("id")
    for reservation in Reservation.objects.filter(id__in=lapsed).order_by("id").select_for_update():
        if reservation.status == Reservation.Status.HELD:  # else the sweep was faster
            reservation.expire(now=now)


def _refuse_taken(seats, *, now):
    taken = set(Claim.objects.live(now=now).filter(seat__in=seats).values_list("seat", flat=True))
    if taken:
        raise SeatsUnavailable(seat_ids=sorted(taken), alternatives=_nearest_equal([s for s in seats if s.id in taken]))


def _refuse_too_many(seats, *, performance, user_id, place, now):
    has = Claim.objects.live(now=now).filter(reservation__user_id=user_id, performance=performance).count()
    if has + len(seats) > performance.seat_limit:
        raise SeatLimitExceeded
    if place and Reservation.objects.live(now=now).filter(place=place).exclude(status="CONFIRMED").exists():
        raise SeatLimitExceeded


def _hold(seats, *, performance, user_id, place, key, now):
    prices = dict(performance.prices.values_list("grade", "amount"))
    reservation = Reservation(
        user_id=user_id,
        performance=performance,
        place=place,
        amount=sum(prices[seat.grade] for seat in seats),
        facts={
            "concert_id": str(performance.concert_id),
            "concert_title": performance.concert.title,
            "starts_at": performance.starts_at.isoformat(),
            "seats": [seat.label for seat in sorted(seats, key=lambda seat: seat.order)],
        },
        held_until=now + timedelta(seconds=settings.HOLD_SECONDS),
        hold_key=key,
        created_at=now,
    )
    message = reservation.message(ReservationHeld, held_until=reservation.held_until)
    reservation.begin(cause="held by the fan", message=message)
    _claim(seats, reservation=reservation, prices={seat.id: prices[seat.grade] for seat in seats})
    return reservation


def _claim(seats, *, reservation, prices):
    Claim.objects.bulk_create(
        Claim(reservation=reservation, performance_id=reservation.performance_id, seat=seat, price=prices[seat.id])
        for seat in seats
    )


@contextmanager
def _taken_when_locked(seats):
    """A lock that could not be had, or a constraint that says no: somebody else is taking the seats right now."""
    try:
        yield
    except (OperationalError, IntegrityError) as error:
        if isinstance(error.__cause__, LockNotAvailable) or _constraint(error) == "one_live_claim_per_seat":
            raise SeatsUnavailable(seat_ids=[seat.id for seat in seats], alternatives=_nearest_equal(seats)) from error
        if _constraint(error) == "one_purchase_per_place":
            raise SeatLimitExceeded from error
        raise


def _constraint(error):
    diagnosis = getattr(error.__cause__, "diag", None)
    return diagnosis.constraint_name if diagnosis else None


def _nearest_equal(seats):
    """Free seats of the same section and grade, nearest first, a few for each seat."""
    found = []
    for seat in seats:
        taken = Claim.objects.live().filter(performance=seat.performance_id).values("seat")
        alike = Seat.objects.filter(performance=seat.performance_id, section=seat.section, grade=seat.grade)
        free = alike.exclude(id__in=taken).exclude(id__in=found)
        found += free.nearest_to(seat).values_list("id", flat=True)[:ALTERNATIVES_PER_SEAT]
    return found
