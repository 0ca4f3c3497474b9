"""kill -9 after each commit, of the shop and of the worker: nothing is lost, nothing happens twice."""

from itertools import count
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connections

from payments.models import Charge, Payment, Transfer
from queueing.models import Room
from reservations.models import Reservation
from tests.everything import assert_sound, make_due, settle
from tests.processes import died_after_commit
from tests.world import PRICE, Fan, World


@pytest.fixture
def big_world(transactional_db, redis):
    world = World.make(seats=200)
    Room.objects.update(max_active=500)
    return world


class Purchase:
    """A fan who charges, holds and pays, with the same keys each time, as a phone repeats what went unanswered."""

    def __init__(self, world, seat):
        self.world, self.seat, self.fan = world, seat, Fan.sign_up("Dora")
        self.keys = {step: str(uuid4()) for step in ("charge", "hold", "pay")}
        world.admit(self.fan)

    def __call__(self):
        charged = self.fan.call("post", "/points/charges", {"amount": PRICE}, key=self.keys["charge"])
        assert charged.status_code == 201, charged.content
        held = self.fan.hold(self.world.performance, self.seat, key=self.keys["hold"])
        assert held.status_code == 201, held.content
        self.paid = self.fan.pay(held.json()["id"], self.world.concert, key=self.keys["pay"])
        assert self.paid.status_code in (200, 202), self.paid.content

    @property
    def reservation(self):
        return Reservation.objects.filter(user_id=self.fan.user.id).first()


def let_leases_end():
    """Half a minute later: deliveries and requests of the dead process may be taken over."""
    make_due()
    for alias in settings.DATABASES:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "UPDATE events_idempotentrequest SET leased_until = now() - interval '1 s' WHERE status IS NULL"
            )


@pytest.mark.parametrize("push", ["with push", "without push"])
@pytest.mark.fault(
    "shop killed after the hold's commit", "shop killed between commit and push", holds="M S D1 D2 E O T Q L"
)
class TestAShopKilledAfterAnyCommitOfAPurchase:
    def test_leaves_nothing_half_done_once_the_worker_has_run(self, big_world, settings, push):
        settings.PUSH_AFTER_COMMIT = push == "with push"
        seats = iter(big_world.seats)

        for commit in count(1):
            purchase = Purchase(big_world, next(seats))
            died = died_after_commit(commit, purchase)
            let_leases_end()
            for charge in Charge.objects.filter(status="PENDING"):
                charge.settle()
            settle()

            reservation = purchase.reservation
            assert reservation is None or reservation.status in ("HELD", "CONFIRMED")
            paid = reservation is not None and reservation.status == "CONFIRMED"
            assert Payment.objects.filter(user_id=purchase.fan.user.id).count() == int(paid)
            if not died:
                break

        assert commit > 8  # claiming keys, charging, holding, submitting: at least
        assert_sound()

    def test_lets_the_fan_repeat_it_and_buy_exactly_once(self, big_world, settings, push):
        settings.PUSH_AFTER_COMMIT = push == "with push"
        seats = iter(big_world.seats)

        for commit in count(1):
            purchase = Purchase(big_world, next(seats))
            died = died_after_commit(commit, purchase)
            let_leases_end()
            purchase()
            settle()

            assert purchase.reservation.status == "CONFIRMED"
            assert purchase.fan.balance == 0
            assert Transfer.objects.filter(kind="debit", key=purchase.reservation.id).count() == 1
            if not died:
                break

        assert commit > 8
        assert_sound()


@pytest.mark.fault("relay killed after a claim", "consumer killed after its commit", holds="M S D1 D2 E O T Q L")
class TestAWorkerKilledAfterAnyCommit:
    def test_is_taken_over_by_the_next_one(self, big_world, settings):
        settings.PUSH_AFTER_COMMIT = False
        seats = iter(big_world.seats)

        for commit in count(1):
            purchase = Purchase(big_world, next(seats))
            purchase()
            died = died_after_commit(commit, settle)
            let_leases_end()
            settle()

            assert purchase.reservation.status == "CONFIRMED"
            assert purchase.fan.user.notifications.count() == 1
            if not died:
                break

        assert commit > 8
        assert_sound()
