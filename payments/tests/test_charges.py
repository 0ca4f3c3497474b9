"""Buying points through the gateway."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connections

from events import bus
from payments.models import Charge, House, PointAccount, Transfer
from payments.models.charge import AmountOutOfRange
from payments.tasks import settle_charges
from tests.everything import assert_sound


def balance(fan):
    return PointAccount.objects.get(user_id=fan).balance


def make_old():
    with connections[bus.home(Charge)].cursor() as cursor:
        cursor.execute("UPDATE payments_charge SET created_at = created_at - interval '1 minute'")


class TestACharge:
    def test_adds_points_with_a_double_entry(self, world):
        fan = uuid4()

        charge = Charge.make(user_id=fan, amount=7_000, key="once")

        account = PointAccount.objects.get(user_id=fan)
        transfer = Transfer.objects.get(key=charge.id)
        assert (charge.status, account.balance) == ("SUCCEEDED", 7_000)
        assert (transfer.source, transfer.target, transfer.amount) == (House.TOP_UP_CLEARING, account.code, 7_000)
        assert_sound()

    def test_with_the_same_key_is_the_same_charge(self, world):
        fan = uuid4()

        charges = {Charge.make(user_id=fan, amount=7_000, key="once").id for _ in range(3)}

        assert (len(charges), balance(fan)) == (1, 7_000)

    @pytest.mark.parametrize("amount", [0, -1, 2_000_001])
    def test_outside_the_limits_is_refused(self, world, amount):
        with pytest.raises(AmountOutOfRange):
            Charge.make(user_id=uuid4(), amount=amount, key="once")
        assert Charge.objects.filter(amount=amount).count() == 0

    def test_may_not_lift_the_balance_above_its_limit(self, world, settings):
        settings.BALANCE_MAXIMUM = 10_000
        fan = uuid4()
        Charge.make(user_id=fan, amount=9_000, key="first")

        with pytest.raises(AmountOutOfRange):
            Charge.make(user_id=fan, amount=1_001, key="second")

        assert balance(fan) == 9_000

    def test_that_the_gateway_declines_adds_nothing(self, world, settings):
        settings.SANDBOX_GATEWAY_FAULT = "decline"

        charge = Charge.make(user_id=uuid4(), amount=5, key="once")

        assert charge.status == "DECLINED"
        assert not Transfer.objects.filter(key=charge.id).exists()
        assert_sound()


class TestAChargeOfUnknownOutcome:
    @pytest.fixture
    def charge(self, world, settings):
        settings.SANDBOX_GATEWAY_FAULT = "unknown"
        charge = Charge.make(user_id=uuid4(), amount=5_000, key="once")
        assert charge.status == "PENDING"
        settings.SANDBOX_GATEWAY_FAULT = ""
        return charge

    def test_is_settled_by_the_worker_when_the_gateway_answers(self, charge):
        make_old()

        settle_charges()
        settle_charges()

        assert balance(charge.user_id) == 5_000
        assert_sound()

    def test_is_settled_by_the_fan_who_sends_it_again(self, charge):
        assert Charge.make(user_id=charge.user_id, amount=5_000, key="once").status == "SUCCEEDED"
        assert balance(charge.user_id) == 5_000

    def test_counts_towards_the_limit_of_the_balance(self, charge, settings):
        settings.BALANCE_MAXIMUM = 9_999
        with pytest.raises(AmountOutOfRange):
            Charge.make(user_id=charge.user_id, amount=5_000, key="another")


class TestTheSchema:
    def test_lets_no_balance_go_below_zero(self, world):
        with pytest.raises(IntegrityError):
            PointAccount.objects.filter(user_id=world.alice.user.id).update(balance=-1)

    def test_lets_no_transfer_of_a_kind_happen_twice_for_a_key(self, world):
        transfer = Transfer.objects.first()
        transfer.pk = uuid4()
        with pytest.raises(IntegrityError):
            transfer.save(force_insert=True)
