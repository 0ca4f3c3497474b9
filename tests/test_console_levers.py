"""What operators do in the console."""

import pytest

from events.models import Delivery
from events.relay import relay
from reservations.models import Reservation
from tests.operators import RESERVATIONS, Operator, actions, page_of


class TestCompensating:
    def test_tells_first_what_will_happen(self, boss, world, bought):
        page = boss.see(page_of(bought, "compensate"))
        for told in ("Cancel it with a full refund", "100,000 P", world.alice.user.email, "Floor A 1", "Confirmed"):
            assert told.lower() in page.lower(), told
        bought.refresh_from_db()
        assert bought.status == "CONFIRMED"

    def test_cancels_a_confirmed_one_with_a_full_refund(self, boss, world, bought):
        page = boss.pull(page_of(bought, "compensate"), seen={bought.pk: bought.version})
        assert "Done. It is cancelled now." in page
        assert world.alice.balance == 1_000_000
        action = actions().get()
        assert (action.operator, action.operator_id) == (boss.user.email, boss.user.pk)
        assert action.before == {"status": "CONFIRMED", "version": bought.version}
        assert action.after == {"status": "CANCELLED", "version": bought.version + 1}
        page = boss.see(page_of(bought))
        assert "100,000 P refunded once" in page and "the fan asked for it" in page

    def test_fails_one_that_is_being_paid(self, boss, world, settings):
        settings.PUSH_AFTER_COMMIT = False
        paying = world.held_by(world.alice)
        paying.submit()
        assert "It is failed now." in boss.pull(page_of(paying, "compensate"), seen={paying.pk: paying.version})
        relay()
        assert world.alice.balance == 1_000_000
        assert "Nothing was debited" in boss.see(page_of(paying)) or "refunded once" in boss.see(page_of(paying))

    def test_refunds_a_failed_one_once(self, boss, world):
        failed = world.held_by(world.alice)
        failed.submit()
        Reservation.objects.filter(pk=failed.pk).update(status="FAILED", refund=None, pay_deadline=None)
        failed.refresh_from_db()
        boss.pull(page_of(failed, "compensate"), seen={failed.pk: failed.version})
        assert world.alice.balance == 1_000_000
        assert "There is nothing to undo" in boss.see(page_of(failed))

    @pytest.mark.parametrize("verb", ["release", "cancel"])
    def test_has_nothing_to_do_when_it_is_over(self, boss, world, verb):
        over = world.held_by(world.alice) if verb == "release" else world.bought_by(world.alice)
        over.release() if verb == "release" else over.cancel(refund=0, fee=over.amount, cause="a test")
        over.refresh_from_db()
        page = boss.see(page_of(over))
        assert 'aria-disabled="true">Compensate' in page and "There is nothing to undo" in page
        assert "There is nothing to undo" in boss.pull(page_of(over, "compensate"), seen={over.pk: over.version})
        assert not actions().exists()

    def test_needs_a_reason(self, boss, bought):
        for reason in ("", "   "):
            page = boss.pull(page_of(bought, "compensate"), seen={bought.pk: bought.version}, reason=reason)
            assert "This field is required." in page
        assert Reservation.objects.get().status == "CONFIRMED"

    def test_happens_once_however_often_it_is_clicked(self, boss, world, bought):
        other, seen = Operator.superuser(), {bought.pk: bought.version}
        boss.pull(page_of(bought, "compensate"), seen=seen)
        page = other.pull(page_of(bought, "compensate"), seen=seen)
        assert "it has changed since you looked" in page and boss.user.email in page
        assert actions().count() == 1 and world.alice.balance == 1_000_000

    def test_refuses_a_page_that_was_tampered_with(self, boss, bought):
        assert "This page is damaged" in boss.pull(page_of(bought, "compensate"), seen={"x": "y"})

    def test_needs_its_own_permission(self, bought):
        kim = Operator.who_may("view_reservation")
        page = kim.see(page_of(bought))
        assert 'aria-disabled="true">Compensate' in page and "You don&#x27;t have the permission" in page
        kim.pull(page_of(bought, "compensate"), seen={bought.pk: bought.version}, status=403)
        lee = Operator.who_may("view_reservation", "compensate_reservation")
        assert "Done." in lee.pull(page_of(bought, "compensate"), seen={bought.pk: bought.version})


def lever_of(delivery, verb):
    return f"events/delivery/{delivery.pk}/{verb}/"


class TestADeadDelivery:
    def test_is_easy_to_find(self, boss, dead):
        page = boss.see("events/delivery/", domain=RESERVATIONS, state__exact="dead")
        assert str(dead.pk) in page and "DoesNotExist" in page

    def test_is_retried_with_a_reason(self, boss, dead):
        assert "tried again from its first attempt" in boss.see(lever_of(dead, "retry"))
        assert "on its way again" in boss.pull(lever_of(dead, "retry"), seen={dead.pk: dead.version})
        dead.refresh_from_db()
        assert (dead.state, dead.attempts) == ("ready", 0)
        action = actions().get()
        assert (action.action, action.operator_id, action.before["state"]) == ("delivery.retry", boss.user.pk, "dead")
        assert action.after == {"state": "ready", "version": 1}

    def test_is_not_touched_without_a_reason(self, boss, dead):
        assert "required" in boss.pull(lever_of(dead, "retry"), seen={dead.pk: dead.version}, reason=" ")
        dead.refresh_from_db()
        assert dead.state == "dead"

    def test_is_retried_once_by_two_operators(self, boss, dead):
        seen = {dead.pk: dead.version}
        boss.pull(lever_of(dead, "retry"), seen=seen)
        Delivery.objects.using(RESERVATIONS).filter(pk=dead.pk).update(state="dead")  # and it died again
        page = Operator.superuser().pull(lever_of(dead, "retry"), seen=seen)
        assert f"already handled by {boss.user.email}: the fan asked for it" in page
        assert actions().count() == 1

    def test_is_discarded_so_that_its_lane_goes_on(self, boss, dead):
        assert "given up" in boss.pull(lever_of(dead, "discard"), seen={dead.pk: dead.version})
        states = Delivery.objects.using(RESERVATIONS).lane_of(dead).order_by("seq").values_list("state", flat=True)
        assert list(states)[-2:] == ["discarded", "ready"]

    def test_is_left_alone_by_who_may_not(self, dead):
        kim = Operator.who_may("view_delivery")
        for verb in ("retry", "discard"):
            kim.pull(lever_of(dead, verb), seen={dead.pk: dead.version}, status=403)
            kim.see(lever_of(dead, verb), status=403)
        kim.pull("events/delivery/retry/", seen={dead.pk: dead.version}, status=403)
        assert 'value="retry_selected"' not in kim.see("events/delivery/", domain=RESERVATIONS)
        assert 'aria-disabled="true">Retry' in kim.see(f"events/delivery/{dead.pk}/change/")


class TestSeveralDeadDeliveries:
    def test_are_retried_as_they_were_listed_each_for_itself(self, boss, bought, dead):
        Delivery.objects.using(RESERVATIONS).filter(state="parked").update(state="dead")
        rows = list(Delivery.objects.using(RESERVATIONS).filter(state="dead"))
        sent = {"action": "retry_selected", "_selected_action": [str(row.pk) for row in rows]}
        page = boss.client.post(f"/admin/events/delivery/?domain={RESERVATIONS}", sent).content.decode()
        assert "2 dead deliveries are tried again" in page and f"?domain={RESERVATIONS}" in page

        boss.pull(lever_of(rows[0], "retry"), seen={rows[0].pk: rows[0].version}, reason="I was faster")
        everything = {row.pk: row.version for row in rows}
        page = boss.pull(f"events/delivery/retry/?domain={RESERVATIONS}", seen=everything)
        assert page.count("<strong>ok</strong>") == 1 and page.count("<strong>skipped</strong>") == 1
        assert "I was faster" in page

    def test_are_not_retried_without_a_reason(self, boss, dead):
        page = boss.pull(f"events/delivery/retry/?domain={RESERVATIONS}", seen={dead.pk: dead.version}, reason="")
        assert "required" in page and str(dead.version) in page
        dead.refresh_from_db()
        assert dead.state == "dead"
