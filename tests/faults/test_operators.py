"""Operators in a hurry."""

import pytest

from events.models import Delivery
from tests.operators import RESERVATIONS, Operator, actions
from tests.threads import at_once


@pytest.fixture
def two_dead(dead):
    Delivery.objects.using(RESERVATIONS).filter(state="parked").update(state="dead")
    return Delivery.objects.using(RESERVATIONS).dead()


def retry(operator, seen):
    return lambda: operator.pull(f"events/delivery/retry/?domain={RESERVATIONS}", seen=seen)


class TestABulkRetry:
    @pytest.mark.fault("bulk retry clicked twice", holds="M S E A")
    def test_clicked_twice_sends_each_on_its_way_once(self, boss, two_dead):
        seen = dict(two_dead.values_list("pk", "version"))
        pages = at_once(retry(boss, seen), retry(boss, seen))
        self.assert_each_once(pages)

    @pytest.mark.fault("bulk retry by two operators", holds="M S E A")
    def test_by_two_operators_at_once_does_so_too(self, boss, two_dead):
        seen = dict(two_dead.values_list("pk", "version"))
        pages = at_once(retry(boss, seen), retry(Operator.superuser(), seen))
        self.assert_each_once(pages)

    def assert_each_once(self, pages):
        told = "".join(pages)
        assert (told.count("<strong>ok</strong>"), told.count("<strong>skipped</strong>")) == (2, 2)
        assert actions().filter(action="delivery.retry").count() == 2
        rows = Delivery.objects.using(RESERVATIONS).filter(version=1)
        assert list(rows.values_list("state", "attempts")) == [("ready", 0)] * 2
