"""Reservations needing attention: what is stuck, the longest first, and why."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils.timezone import now

from concert_site.models import Finding, Reconciliation
from reservations.models import Reservation
from tests.operators import Operator, page_of
from tests.test_story import statements_of

LIST = "attention/"


@pytest.fixture
def late(world, settings):
    """Bob's reservation; payments should have answered ten minutes ago."""
    settings.PUSH_AFTER_COMMIT = False
    paying = world.held_by(world.bob, world.seats[5])
    paying.submit()
    Reservation.objects.filter(pk=paying.pk).update(pay_deadline=now() - timedelta(minutes=10))
    return paying


class TestTheList:
    def test_is_empty_when_all_is_well_and_says_so(self, boss, bought):
        page = boss.see(LIST)
        assert "No reservation needs anybody." in page and "Normal is an empty list." in page

    def test_has_what_is_past_its_deadline_and_what_calls_and_what_is_stuck_and_why(self, boss, world, dead, late):
        calling = world.held_by(world.charlie, world.seats[7])
        calling.call_attention(why="somebody should look")
        page = boss.see(LIST)
        for told in (
            "should have come 10\xa0minutes ago", "It calls for an operator: somebody should look.",
            "could not be delivered to Box office", world.bob.user.email, "3 of 3",
        ):  # fmt: skip
            assert told in page, told
        assert page_of(late) in page and page_of(calling) in page

    def test_counts_from_when_it_began_and_not_from_the_purchase(self, boss, bought):
        Reservation.objects.update(created_at=now() - timedelta(days=200))
        bought.refresh_from_db()
        bought.call_attention(why="somebody should look")
        assert "for 0\xa0minutes" in boss.see(LIST)

    def test_has_also_what_calls_before_its_deadline(self, boss, bought):
        Reservation.objects.update(refund_deadline=now() + timedelta(minutes=5))
        bought.refresh_from_db()
        bought.call_attention(why="somebody should look")
        assert page_of(bought) in boss.see(LIST)

    def test_tells_a_fault_once(self, boss, dead, bought):
        bought.call_attention(why="confirmation has not taken PointsDebited")
        assert "It calls for an operator" not in boss.see(LIST)

    def test_has_whom_payments_has_never_answered(self, boss, bought):
        Reservation.objects.update(answer_deadline=now() - timedelta(minutes=3))
        assert "should have said 3\xa0minutes ago" in boss.see(LIST, cause="late")

    def test_shows_a_lever_that_one_may_not_pull_with_the_reason(self, late):
        page = Operator.who_may("view_reservation").see(LIST)
        assert 'disabled title="You don&#x27;t have the permission to do this."' in page

    def test_begins_with_the_longest_in_need(self, boss, dead, late):
        page = boss.see(LIST)
        assert page.index(str(late.pk)) < page.index(str(dead.correlation_id))

    @pytest.mark.parametrize(
        ("wanted", "there"),
        [
            ({"cause": "late"}, True), ({"cause": "calls"}, False), ({"status": "PAYING"}, True),
            ({"status": "HELD"}, False), ({"minutes": "5"}, True), ({"minutes": "30"}, False), ({"minutes": "?"}, True),
        ],
    )  # fmt: skip
    def test_is_narrowed_by_cause_status_and_time(self, boss, late, wanted, there):
        assert (page_of(late) in boss.see(f"{LIST}?{urlencode(wanted)}")) == there

    def test_counts_what_can_be_repaired_together(self, boss, dead):
        assert "1 message “Points debited” could not be delivered to Box office (DoesNotExist)" in boss.see(LIST)

    def test_has_what_the_last_reconciliation_found(self, boss, bought):
        Finding.objects.create(
            reconciliation=Reconciliation.objects.create(asked_by="a test"), letter="D1", state=Finding.State.DONE,
            started_at=now(), finished_at=now(), violations=1,
            examples=[[f"reservation {bought.pk}", "debited twice", [1]], ["seat of nobody", "sold twice", []]],
        )  # fmt: skip
        assert "The last reconciliation found: debited twice." in boss.see(LIST, cause="wrong")

    def test_asks_as_few_statements_for_many_as_for_one(self, boss, world, late):
        boss.see(LIST)
        for_one = statements_of(lambda: boss.see(LIST))
        for fan, seat in zip([world.alice, world.charlie], world.seats[7:], strict=False):
            world.held_by(fan, seat).call_attention(why="somebody should look")
        assert statements_of(lambda: boss.see(LIST)) == for_one

    def test_is_for_those_who_may_see_reservations(self, world):
        Operator.who_may("view_room").see(LIST, status=403)
        Operator.who_may("view_reservation").see(LIST)
