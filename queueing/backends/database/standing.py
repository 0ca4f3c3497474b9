"""How a room stands: its row, the time by PostgreSQL, and its board; read as it is, or locked to change something."""

import functools
from contextlib import contextmanager
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connections
from django.db.models import DateTimeField, Func

from events import bus
from events.clock import database_now
from queueing.backends.database.board import Board
from queueing.backends.reply import Reply, RoomUnavailable, milliseconds
from queueing.models import Admission, KeptPlace, Room
from queueing.models.kept_place import Hearing

HEARD_EVERY = timedelta(seconds=3)  # a heartbeat is written at most so often: nine in ten polls change no row
CLOCK = Func(function="clock_timestamp", output_field=DateTimeField())

ACTIVE, WAITING = KeptPlace.Status.ACTIVE, KeptPlace.Status.WAITING


def available(function):
    """Turn every failure of PostgreSQL to answer into RoomUnavailable."""

    @functools.wraps(function)
    def guarded(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            raise RoomUnavailable from error

    return guarded


@contextmanager
def locked(concert_id, *, now):
    """A transaction in which nothing else changes the room, nor who waits or is in."""
    with bus.atomic(Room):
        yield _lock(concert_id, now=now)


@contextmanager
def in_turn(concert_id, *, now):
    """The same for who ticks; None if another one does just now. Fans who enter or pay shall not wait for two."""
    with bus.atomic(Room), connections[bus.home(Room)].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"tick {concert_id}"])
        yield _lock(concert_id, now=now) if cursor.fetchone()[0] else None


def read(concert_id, *, now) -> "Standing":
    """Without a lock, in one query."""
    room = Room.objects.annotate(clock=CLOCK).filter(concert_id=concert_id).first()
    if room is None:
        return Standing(_off(concert_id), now=now or database_now(bus.home(Room)))
    return Standing(room, now=now or room.clock)


def _lock(concert_id, *, now):
    """The clock is asked when the lock is there: who had to wait for it would bring a time that has been overtaken."""
    room = Room.objects.select_for_update(no_key=True).filter(concert_id=concert_id).first()
    return Standing(room or _off(concert_id), now=now or database_now(bus.home(Room)))


def _off(concert_id):
    """What a concert has for which there is no row."""
    return Room(concert_id=concert_id, state=Room.State.OFF)


class Standing:
    def __init__(self, room, *, now):
        self.room, self.now, self.now_ms = room, now, milliseconds(now)
        self.board = Board(**room.board)
        self.places = KeptPlace.objects.filter(room_id=room.pk)
        self.grace = timedelta(seconds=room.grace_seconds)
        self.spared = self.board.is_sparing(self.now_ms, grace_ms=1000 * room.grace_seconds)

    @property
    def hearing(self) -> Hearing:
        return Hearing(self.now, None if self.spared else self.now - self.grace)

    def place_of(self, account_id) -> KeptPlace | None:
        return self.places.with_ahead().filter(account_id=account_id).first()

    def status_of(self, place) -> str:
        return place.status_at(self.now, spared=self.spared, grace=self.grace)

    def hear_of(self, place):
        """The fan is there: a place in the line is kept, and so is a slot until its time is over."""
        if place and place.heard_at <= self.now - HEARD_EVERY and self.status_of(place) in (WAITING, ACTIVE):
            KeptPlace.objects.filter(pk=place.pk, status=place.status).update(heard_at=self.now)

    def next_number(self) -> int:
        self.room.high_water += 1
        self.room.save(update_fields=["high_water"])
        return self.room.high_water

    def begin(self, account_id, *, place=None, is_early=False) -> KeptPlace:
        """A new place at the end; where there was one that is over, instead of it."""
        given = self.next_number()
        if place and place.status == ACTIVE:
            self.depart()
        place = place or KeptPlace(room=self.room, account_id=account_id)
        place.begin(now=self.now, **({"ticket": given} if is_early else {"number": given}))
        place.ahead = 0 if is_early else self.places.line().filter(number__lt=given).count()
        return place

    def finish(self, place, status):
        """It is over. What became of it is remembered for a while."""
        if place.status == ACTIVE:
            self.depart()
        self.places.filter(pk=place.pk).finish(status, now=self.now)

    def depart(self, count=1):
        """So many slots are free again."""
        if count:
            self.board.departed += count
            self.save_board()

    def let_in(self, places, *, active, by) -> list[Admission]:
        """In this order, when so many are in. `by` says of a place by whom. The caller has looked at the limits."""
        seconds = self.room.active_seconds
        until = self.now + timedelta(seconds=seconds)
        latest = self.now + timedelta(seconds=max(seconds, self.room.longest_seconds))
        self.places.filter(pk__in=[place.pk for place in places]).update(
            status=ACTIVE, heard_at=self.now, until=until, latest=latest, remaining=0
        )
        admitted = [
            Admission(
                room=self.room,
                number=place.number,
                account_id=place.account_id,
                at=self.now,
                until=until,
                active_after=active + rank,
                limit_then=self.room.max_active,
                by=by(place),
            )
            for rank, place in enumerate(places, start=1)
        ]
        return Admission.objects.bulk_create(admitted)

    def serve(self, places):
        """Up to these numbers fans have been let in."""
        self.board.served = max([self.board.served, *(place.number for place in places)])

    def save_board(self):
        self.room.board = self.board.as_json()
        self.room.save(update_fields=["board"])

    def answer(self, place=None, *, is_new=False) -> Reply:
        known = self._known()
        if place is None:
            return known
        return known._replace(
            status=self.status_of(place).value,
            number=place.number or 0,
            ticket=0 if place.number or place.status != WAITING else place.ticket,
            until_ms=milliseconds(place.until) if place.until else 0,
            is_new=int(is_new),
            ahead=_ahead_of(place),
        )

    def _known(self):
        room, board = self.room, self.board
        return Reply(
            state=str(room.state),
            epoch=room.epoch,
            asks_proof=int(room.asks_proof),
            now_ms=self.now_ms,
            recover_until=0,  # nothing is lost here that had to come back
            max_active=room.max_active,
            per_minute=room.per_minute,
            grace_ms=1000 * room.grace_seconds,
            opens_at=milliseconds(room.opens_at) if room.opens_at else 0,
            slots=board.slots,
            pace=board.pace,
            departed=board.departed_lately,
            busy_ms=board.busy_lately,
            inflow=board.inflow,
        )


def _ahead_of(place):
    """-1 while nobody knows."""
    if place.status != WAITING:
        return 0
    return place.ahead if place.number else -1
