"""kill -9 after each commit, of the shop and of the worker: nothing is lost, nothing happens twice."""

from itertools import count

import pytest

from payments.models import Charge, Payment, Transfer
from tests.everything import assert_sound, settle
from tests.faults.points import dies_after, hit
from tests.faults.stories import Purchase, let_leases_end
from tests.faults.storm import big_world


@pytest.fixture
def world(transactional_db, redis):
    return big_world(seats=200)


@pytest.mark.parametrize("push", ["with push", "without push"])
@pytest.mark.fault(
    "shop killed after the hold's commit", "shop killed between commit and push", holds="M S D1 D2 E O T Q L"
)
class TestAShopKilledAfterAnyCommitOfAPurchase:
    def test_leaves_nothing_half_done_once_the_worker_has_run(self, world, settings, push):
        settings.PUSH_AFTER_COMMIT = push == "with push"
        seats = iter(world.seats)

        for commit in count(1):
            purchase = Purchase(world, next(seats))
            died = hit(purchase.buy, at=commit, blow=dies_after)
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

    def test_lets_the_fan_repeat_it_and_buy_exactly_once(self, world, settings, push):
        settings.PUSH_AFTER_COMMIT = push == "with push"
        seats = iter(world.seats)

        for commit in count(1):
            purchase = Purchase(world, next(seats))
            died = hit(purchase.buy, at=commit, blow=dies_after)
            let_leases_end()
            purchase.buy()
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
    def test_is_taken_over_by_the_next_one(self, world, settings):
        settings.PUSH_AFTER_COMMIT = False
        seats = iter(world.seats)

        for commit in count(1):
            purchase = Purchase(world, next(seats))
            purchase.buy()
            died = hit(settle, at=commit, blow=dies_after)
            let_leases_end()
            settle()

            assert purchase.reservation.status == "CONFIRMED"
            assert purchase.fan.user.notifications.count() == 1
            if not died:
                break

        assert commit > 8
        assert_sound()
