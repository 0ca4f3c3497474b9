"""Holds and purchases of `bench.events`. To be imported once Django is set up."""

import statistics
from uuid import UUID, uuid4

from django.db import connection, transaction

from bench.database import timed
from events import bus
from payments.models import PointAccount
from reservations import holding
from tests.world import World

TIMES = 15


def purchases():
    held = shop()
    yield "publish, beside the rest of a hold", statistics.median(each.publishing for each in held), "≤ 0.25"
    recorder = Recorder()
    recorder.record(held.pop())
    half = len(held) // 2
    bare = statistics.median(timed(lambda each=each: recorder.replay(each)) for each in held[:half])
    whole = statistics.median(timed(each.submit) for each in held[half:])
    for each in held[half:]:
        each.refresh_from_db()
        assert each.status == "CONFIRMED", each.status
    yield "purchase, to its bare transactions", whole / bare, "≤ 3"


def shop():
    """(held reservations, how publishing added to the time of each hold)"""
    world = World.make(seats=200, seat_limit=200)
    for _ in range(4):
        world.alice.charge(2_000_000)
    publish, spent = bus.publish, []

    def timed_publish(message, *, by):
        spent.append(timed(lambda: publish(message, by=by)))

    held = []
    for seat in world.seats[: 2 * TIMES + 1]:
        spent.clear()
        bus.publish = timed_publish
        took = timed(lambda seat=seat: held.append(hold(world, seat)))
        bus.publish = publish
        held[-1].publishing = sum(spent) / (took - sum(spent))
    return held


def hold(world, seat):
    return holding.hold(performance=world.performance, seat_ids=[seat.id], user_id=world.alice.user.id)


class Recorder:
    """The statements of one purchase's transactions, to be sent again by hand for another reservation."""

    def __init__(self):
        self.transactions, self.fixed = [], set()

    def record(self, reservation):
        self.reservation = reservation
        account = PointAccount.objects.get(user_id=reservation.user_id)
        self.fixed = {reservation.user_id, reservation.performance_id, account.id}
        under_way = []

        def note(execute, sql, params, many, context):
            if connection.in_atomic_block:
                if not under_way:
                    under_way.append([])
                    self.transactions.append(under_way[0])
                    transaction.on_commit(under_way.clear)  # before the push: that is registered later
                under_way[0].append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            reservation.submit()

    def replay(self, reservation):
        """Every id that the purchase made is a new one, the reservation's is that one's."""
        ids = {self.reservation.id: reservation.id}
        for statements in self.transactions:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                raw = cursor.cursor
                for sql, params in statements:
                    raw.execute(sql, self._renewed(params, ids))

    def _renewed(self, value, ids):
        if isinstance(value, UUID):
            return value if value in self.fixed else ids.setdefault(value, uuid4())
        if isinstance(value, dict):
            return {name: self._renewed(each, ids) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._renewed(each, ids) for each in value)
        return value
