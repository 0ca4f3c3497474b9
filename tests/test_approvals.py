"""A second person for what is large."""

from datetime import timedelta
from functools import partial
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.utils.timezone import now

from concert_site.invariants import violations
from events import approvals
from events.aggregate import Refused, revisions
from events.models import Approval
from reservations.handles import HANDLES
from tests.operators import RESERVATIONS, Operator, actions, nobody_may_act, page_of
from tests.threads import at_once

COMPENSATE = HANDLES["compensate"]


@pytest.fixture(autouse=True)
def limits(settings):
    settings.APPROVAL_POINTS, settings.APPROVAL_COUNT = 99_999, 2


@pytest.fixture
def kim(world):
    return Operator.as_a("finance")


@pytest.fixture
def lee(world):
    return Operator.as_a("manager")


@pytest.fixture
def asked(kim, bought):
    """Kim asked for it; nothing has happened."""
    pull(kim, bought)
    return only()


def pull(operator, noun, **changes):
    return operator.pull(page_of(noun, "compensate"), seen={noun.pk: noun.revision}, **changes)


def decide(operator, approval, verb, **changes):
    return operator.pull(f"events/approval/{approval.pk}/{verb}/", seen={approval.pk: 0}, **changes)


def only():
    return Approval.objects.using(RESERVATIONS).get()


def status_of(noun):
    noun.refresh_from_db()
    return noun.status


class TestWhatIsLarge:
    def test_by_its_points_waits_for_a_second_person(self, kim, bought):
        assert "above 99,999 P a second person has to approve" in kim.see(page_of(bought, "compensate"))
        page = pull(kim, bought)
        assert "Nothing happens until somebody else approves it." in page and "100,000 P go back" in page
        assert status_of(bought) == "CONFIRMED"
        action = actions().get()
        assert (action.action, action.operator_id, action.after["points"]) == ("approval.ask", kim.user.pk, 100_000)

    def test_by_number_waits_too(self, kim, world, settings):
        settings.APPROVAL_POINTS = 10_000_000
        fans = [world.alice, world.bob, world.charlie]
        sold = [world.bought_by(fan, seat) for fan, seat in zip(fans, world.seats, strict=False)]
        kim.pull("reservations/reservation/compensate/", seen=revisions(sold))
        assert len(only().items) == 3 and only().points == 300_000

    def test_by_number_waits_however_the_ids_are_spelled(self, kim, world, settings):
        settings.APPROVAL_COUNT = 0
        sold = world.bought_by(world.alice)
        kim.pull("reservations/reservation/compensate/", seen={sold.pk.hex.upper(): sold.revision})
        assert only().seen == {str(sold.pk): sold.revision}

    def test_is_asked_for_once(self, kim, lee, bought, asked):
        assert f"Already asked for by {kim.user.email}." in pull(lee, bought)
        assert only() == asked

    def test_is_not_asked_for_without_a_reason(self, bought):
        with pytest.raises(IntegrityError, match="operator_action_has_a_reason"):
            approvals.ask(COMPENSATE, [bought], seen=revisions([bought]), operator="Kim", reason=" ")

    def test_is_not_asked_for_as_it_no_longer_is(self, kim, bought):
        seen = bought.revision
        bought.cancel(refund=0, fee=bought.amount, cause="a test")
        assert "it has changed since" in kim.pull(page_of(bought, "compensate"), seen={bought.pk: seen})
        assert not Approval.objects.using(RESERVATIONS).exists()


class TestApproving:
    def test_does_it_in_the_name_of_who_asked(self, world, kim, lee, bought, asked):
        assert str(asked.pk) in lee.see("events/approval/")
        assert "100,000 P go back" in lee.see(f"events/approval/{asked.pk}/approve/")
        assert "Done: 1 of 1." in decide(lee, asked, "approve", reason="I called her")
        assert status_of(bought) == "CANCELLED" and world.alice.balance == 1_000_000
        by_hand = actions().get(target_type="reservation")
        assert (by_hand.operator, by_hand.approved_by) == (kim.user.email, lee.user.email)
        assert actions().get(action="approval.approve").reason == "I called her"
        assert only().results[0]["outcome"] == "ok"
        assert violations(["A", "D1", "D2", "M", "S", "T"], pause=0) == {}

    def test_is_not_for_who_asked(self, lee, bought):
        pull(lee, bought)
        assert "You asked for it yourself." in lee.see(f"events/approval/{only().pk}/change/")
        assert "somebody else has to approve it" in decide(lee, only(), "approve")
        assert status_of(bought) == "CONFIRMED"

    def test_ones_own_is_refused_by_the_database_too(self, asked):
        with pytest.raises(IntegrityError, match="nobody_approves_his_own"):
            Approval.objects.using(RESERVATIONS).update(state="APPROVED", decided_by=asked.operator)

    def test_needs_the_permission(self, asked, bought):
        for role in ("finance", "support", "viewer"):
            operator = Operator.as_a(role)
            for verb in ("approve", "refuse"):
                operator.pull(f"events/approval/{asked.pk}/{verb}/", seen={asked.pk: 0}, status=403)
        assert status_of(bought) == "CONFIRMED"

    def test_looks_again_whether_it_is_still_as_it_was_seen(self, lee, bought, asked):
        bought.cancel(refund=0, fee=bought.amount, cause="a test")
        assert "Done: 0 of 1." in decide(lee, asked, "approve")
        assert only().results[0]["outcome"] == "skipped"
        assert not actions().filter(target_type="reservation").exists()

    def test_by_two_at_once_has_one_effect(self, world, lee, bought, asked):
        pages = at_once(*[partial(decide, each, asked, "approve") for each in (lee, Operator.as_a("manager"))])
        assert sum("Done: 1 of 1." in page for page in pages) == 1
        assert sum("It is approved already, by" in page for page in pages) == 1
        assert world.alice.balance == 1_000_000

    def test_goes_on_when_one_of_them_fails(self, kim, lee, world, settings):
        settings.APPROVAL_POINTS, settings.APPROVAL_COUNT = 10_000_000, 1
        sold = [world.bought_by(fan, seat) for fan, seat in zip([world.alice, world.bob], world.seats, strict=False)]
        kim.pull("reservations/reservation/compensate/", seen=revisions(sold))
        with nobody_may_act(RESERVATIONS, on=sold[0]):
            assert "Done: 1 of 2." in decide(lee, only(), "approve")
        assert [result["outcome"] for result in only().results] == ["failed", "ok"]
        assert [status_of(each) for each in sold] == ["CONFIRMED", "CANCELLED"]

    def test_comes_too_late_after_its_time(self, bought, asked):
        tomorrow = now() + timedelta(hours=25)
        with pytest.raises(Refused, match="expired"):
            approvals.approve(asked, operator="Lee", reason="a test", now=tomorrow)
        assert status_of(bought) == "CONFIRMED"
        again = approvals.ask(
            COMPENSATE, [bought], seen=revisions([bought]), operator="Kim", reason="still", now=tomorrow
        )
        asked.refresh_from_db()
        assert (asked.state, again.state) == ("EXPIRED", "PENDING")


class TestRefusing:
    def test_leaves_everything_as_it_is(self, lee, bought, asked):
        assert "Nothing was done." in decide(lee, asked, "refuse", reason="she has her ticket")
        assert status_of(bought) == "CONFIRMED"
        assert "refused already" in decide(lee, asked, "approve")
        assert "she has her ticket" in lee.see(f"events/approval/{asked.pk}/change/")

    def test_ones_own_takes_it_back(self, kim, asked):
        assert "Take back" in kim.see(f"events/approval/{asked.pk}/change/")
        assert "Nothing was done." in decide(kim, asked, "refuse")
        assert only().state == "REFUSED"


class TestTheCommands:
    def run(self, *arguments):
        out = StringIO()
        call_command(*map(str, arguments), stdout=out)
        return out.getvalue()

    def test_ask_list_and_approve(self, world, bought):
        said = self.run("reservation", "compensate", bought.pk, "--reason", "she rang", "--as", "Kim")
        assert "a second person has to approve" in said and f"manage.py approve {only().pk}" in said
        assert f"{only().pk} reservation.compensate × 1: she rang" in self.run("approve")
        with pytest.raises(CommandError, match="You asked for it yourself"):
            self.run("approve", only().pk, "--reason", "I am sure", "--as", "Kim")
        self.run("approve", only().pk, "--reason", "really", "--as", "Lee", "--dry-run")
        assert status_of(bought) == "CONFIRMED"
        assert "ok, Done." in self.run("approve", only().pk, "--reason", "really", "--as", "Lee")
        assert world.alice.balance == 1_000_000

    def test_refuse(self, bought, asked):
        self.run("approve", asked.pk, "--refuse", "--reason", "no", "--as", "Lee")
        assert only().state == "REFUSED"
        with pytest.raises(CommandError, match="no such approval"):
            self.run("approve", asked.pk, "--reason", "yes", "--as", "Lee")
