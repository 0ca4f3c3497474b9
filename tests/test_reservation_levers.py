"""What operators do to a reservation in the console, lever by lever."""

import json
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from django.db import IntegrityError, connections, transaction

from accounts.models import Notification
from events import bus
from events.consumers import consumer
from events.models import Event
from events.relay import relay
from payments.models import Payment
from reservations import confirmation, levers
from reservations.models import Reservation, SyncAttempt
from tests.everything import assert_sound, settle
from tests.operators import RESERVATIONS, Operator, actions, page_of
from tests.threads import at_once

MINUTE = timedelta(minutes=1)
WHY = {"operator": "Olga", "reason": "a test"}


@pytest.fixture
def sold(world):
    reservation = world.bought_by(world.alice)
    settle()
    reservation.refresh_from_db()
    return reservation


@pytest.fixture
def unheard(world, settings):
    """Its points are debited, but it has not heard of it."""
    settings.PUSH_AFTER_COMMIT = False
    reservation = world.held_by(world.alice)
    reservation.submit()
    consumer("confirmation").pause(**WHY)
    relay()
    assert Payment.objects.get().status == "CAPTURED"
    return reservation


def go_on():
    consumer("confirmation").resume(**WHY)
    assert_sound()


def pulled(operator, noun, verb, **changes):
    noun.refresh_from_db()
    page = operator.pull(page_of(noun, verb), seen={noun.pk: noun.revision}, **changes)
    noun.refresh_from_db()
    return page


def events():
    return Event.objects.using(RESERVATIONS)


class TestADryRun:
    def test_says_what_will_happen_and_to_whom(self, boss, world, sold):
        page = boss.see(page_of(sold, "compensate"))
        for told in (
            "Cancel it with a full refund: 100,000 P go back to the fan, Floor A 1 are free at once",
            "the fan and the data platform are told", world.alice.user.email, f"confirmed, version {sold.version}",
        ):  # fmt: skip
            assert told in page, told
        assert not actions().exists()


class TestReleasing:
    def test_frees_the_seats_of_a_hold(self, boss, world):
        held = world.held_by(world.alice)
        assert "It is released now." in pulled(boss, held, "release")
        assert world.held_by(world.bob, world.seats[0]).status == "HELD"
        assert_sound()

    def test_is_for_holds_only(self, boss, sold):
        assert "reservation is CONFIRMED" not in boss.see(page_of(sold))
        assert "CONFIRMED, not HELD" in pulled(boss, sold, "release")
        assert sold.status == "CONFIRMED" and not actions().exists()


class TestConfirming:
    def test_goes_on_after_the_debit(self, boss, unheard):
        assert "Confirm it: Floor A 1" in boss.see(page_of(unheard, "confirm"))
        assert "It is confirmed now." in pulled(boss, unheard, "confirm")
        go_on()
        unheard.refresh_from_db()
        assert unheard.status == "CONFIRMED" and unheard.attention == ""

    def test_takes_the_seats_again_where_it_had_failed(self, boss, unheard):
        unheard.fail(reason="payment_unanswered", cause="a test")
        assert "Take Floor A 1 again" in boss.see(page_of(unheard, "confirm"))
        assert "It is confirmed now." in pulled(boss, unheard, "confirm")
        go_on()

    def test_is_refused_when_the_seats_are_somebody_elses(self, boss, world, unheard):
        unheard.fail(reason="payment_unanswered", cause="a test")
        world.held_by(world.bob, world.seats[0])
        assert "Its seats are taken" in pulled(boss, unheard, "confirm")
        assert unheard.status == "FAILED" and not actions().filter(target_type="reservation").exists()

    def test_is_refused_before_the_debit(self, boss, world, settings):
        settings.PUSH_AFTER_COMMIT = False
        paying = world.held_by(world.alice)
        paying.submit()
        assert "No points are debited" in boss.see(page_of(paying))
        assert "No points are debited" in pulled(boss, paying, "confirm")
        assert paying.status == "PAYING"


class TestTellingAgain:
    def test_sends_the_data_platform_the_same_under_the_same_key(self, boss, sold, settings):
        settings.DATA_PLATFORM_URL = "http://127.0.0.1:9/"  # where nobody answers: the attempt is written down
        assert "ReservationConfirmed again" in boss.see(page_of(sold, "sync"))
        assert "on its way again" in pulled(boss, sold, "sync")
        relay(external=True)
        assert SyncAttempt.objects.get().idempotency_key == f"{sold.pk}:ReservationConfirmed"
        first, again = events().filter(type="ReservationConfirmed").order_by("id")
        assert (again.data, again.occurred_at, again.causation_id) == (first.data, first.occurred_at, first.pk)
        assert [each.consumer for each in again.deliveries.using(RESERVATIONS).all()] == ["data-sync"]

    def test_tells_the_fan_the_last_news_in_the_account_and_by_mail(self, boss, sold, mailoutbox):
        pulled(boss, sold, "notify")
        assert_sound()
        assert Notification.objects.filter(kind="ReservationConfirmed").count() == 2
        assert len(mailoutbox) == 2  # the first and this one

    def test_leaves_the_version_alone(self, boss, sold):
        version = sold.version
        pulled(boss, sold, "notify")
        assert sold.version == version

    def test_waits_for_what_is_on_its_way(self, boss, world, settings):
        settings.PUSH_AFTER_COMMIT = False
        sold = world.held_by(world.alice)
        sold.submit()
        relay()
        assert "It is on its way already." in boss.see(page_of(sold))

    def test_needs_something_to_tell(self, boss, world):
        assert "There is nothing to tell about it." in boss.see(page_of(world.held_by(world.alice)))


class TestResolving:
    def test_takes_it_off_the_list(self, boss, sold):
        sold.call_attention(why="somebody should look")
        assert "somebody should look" in boss.see(page_of(sold, "resolve"))
        assert "no attention any more" in pulled(boss, sold, "resolve")
        assert sold.attention == ""
        action = actions().get()
        assert action.before["attention"] == "somebody should look" and "attention" not in action.after


@pytest.mark.skipif(len(connections.settings) == 1, reason="all domains are in one database")
class TestALever:
    """Looks at payments' answers before it locks anything: docs/locking.md."""

    @pytest.fixture(autouse=True)
    def nobody_else_is_asked_under_its_locks(self):
        def refusing(execute, sql, *arguments):
            assert not connections[RESERVATIONS].in_atomic_block, sql
            return execute(sql, *arguments)

        with ExitStack() as stack:
            for alias in set(connections) - {RESERVATIONS}:
                stack.enter_context(connections[alias].execute_wrapper(refusing))
            yield

    def test_confirms(self, unheard):
        levers.confirm(unheard, **WHY, seen=unheard.revision)
        assert unheard.status == "CONFIRMED"

    def test_confirms_with_its_seats(self, unheard):
        unheard.fail(reason="payment_unanswered", cause="a test")
        levers.confirm(unheard, **WHY, seen=unheard.revision)
        assert unheard.status == "CONFIRMED"

    def test_compensates(self, unheard):
        unheard.fail(reason="payment_unanswered", cause="a test")
        confirmation.compensate(unheard, **WHY, seen=unheard.revision)
        assert unheard.refund == unheard.amount


class TestTheAnswerOfPayments:
    def test_is_what_it_said_last_whatever_the_workers_clocks(self, unheard):
        said = Event.objects.using(bus.home(Payment)).get(type="PointsCaptured")
        later = {"type": "PointsDeclined", "seq": 2, "id": UUID(int=1), "occurred_at": said.occurred_at + MINUTE}
        same = {name: getattr(said, name) for name in ("aggregate_type", "aggregate_id", "correlation_id", "data")}
        Event.objects.using(bus.home(Payment)).create(**same, **later, actor="system", traceparent="")
        assert confirmation.answer_of_payments(unheard) == "PointsDeclined"


class TestANote:
    def test_stays_on_the_page_with_its_author(self, boss, sold):
        pulled(boss, sold, "note", reason="She rang twice. <b>Be kind.</b>")
        page = boss.see(page_of(sold))
        assert "She rang twice. &lt;b&gt;Be kind.&lt;/b&gt;" in page and boss.user.email in page

    def test_can_not_be_changed_or_removed_afterwards(self, boss, sold):
        pulled(boss, sold, "note")
        for change in (lambda: actions().update(reason="I never said so"), lambda: actions().all().delete()):
            with pytest.raises(IntegrityError, match="only ever added to"), transaction.atomic(using=RESERVATIONS):
                change()


class TestTwoOperators:
    @pytest.mark.parametrize("verb", ["compensate", "sync", "notify", "note"])
    def test_at_the_same_moment_have_one_effect_and_the_second_is_told(self, boss, world, sold, verb):
        other, seen = Operator.superuser(), {sold.pk: sold.revision}
        pages = at_once(*[partial(each.pull, page_of(sold, verb), seen=seen) for each in (boss, other)])
        action = actions().get()
        loser = pages[0 if action.operator_id == other.user.pk else 1]
        assert f"Already done by {action.operator} (reservation.{verb}): the fan asked for it" in loser
        assert sum("Already done by" in page for page in pages) == 1
        assert_sound()

    def test_or_one_who_clicks_twice_send_one_refund(self, boss, world, sold):
        seen = {sold.pk: sold.revision}
        pages = at_once(*[partial(boss.pull, page_of(sold, "compensate"), seen=seen)] * 2)
        assert sum("It is cancelled now." in page for page in pages) == 1
        assert actions().count() == 1 and world.alice.balance == 1_000_000

    def test_keep_their_words_when_somebody_else_was_faster(self, boss, sold):
        seen = {sold.pk: sold.revision}
        Operator.superuser().pull(page_of(sold, "note"), seen=seen, reason="I was faster")
        page = boss.pull(page_of(sold, "compensate"), seen=seen, reason="a long story")
        assert "I was faster" in page and ">\na long story</textarea>" in page
        sold.refresh_from_db()
        assert sold.status == "CONFIRMED"


class TestSeveral:
    @pytest.fixture
    def three(self, world):
        fans = [world.alice, world.bob, world.charlie]
        sold = [world.bought_by(fan, seat) for fan, seat in zip(fans, world.seats, strict=False)]
        settle()
        return list(Reservation.objects.filter(pk__in=[each.pk for each in sold]).order_by("pk"))

    def asked(self, operator, nouns, verb="compensate"):
        sent = {"action": verb, "_selected_action": [str(noun.pk) for noun in nouns]}
        answer = operator.client.post("/admin/reservations/reservation/", sent)
        return answer.content.decode(), answer.context["form"].initial["seen"]

    def test_are_frozen_when_they_are_asked_for_and_done_each_for_itself(self, boss, three):
        page, seen = self.asked(boss, three)
        assert "300,000 P" in page and page.count("Cancel it with a full refund") == 3
        Operator.superuser().pull(page_of(three[0], "compensate"), seen={three[0].pk: seen[str(three[0].pk)]})
        page = boss.pull("reservations/reservation/compensate/", seen=seen)
        assert page.count("<strong>ok</strong>") == 2 and page.count("<strong>skipped</strong>") == 1
        assert "2 ok" in page and "1 skipped" in page and "Dead letters</a> ·" not in page
        assert "Already done by" in page
        assert set(Reservation.objects.values_list("status", flat=True)) == {"CANCELLED"}
        assert_sound()

    def test_once_more_are_all_skipped(self, boss, three):
        seen = self.asked(boss, three)[1]
        pages = at_once(*[partial(boss.pull, "reservations/reservation/compensate/", seen=seen)] * 2)
        assert sum(page.count("<strong>ok</strong>") for page in pages) == 3
        assert sum(page.count("<strong>skipped</strong>") for page in pages) == 3
        assert actions().count() == 3
        assert_sound()

    def test_leave_out_those_to_which_it_can_not_be_done(self, boss, three):
        three[0].cancel(refund=0, fee=three[0].amount, cause="a test")
        page, seen = self.asked(boss, three)
        assert "1, to which it can" in page and set(seen) == {str(each.pk) for each in three[1:]}

    def test_say_so_when_they_are_more_than_are_done_at_once(self, boss, three, monkeypatch):
        assert "the first" not in self.asked(boss, three)[0]
        monkeypatch.setattr("events.admin.levers.MOST_AT_ONCE", 2)
        page, seen = self.asked(boss, three)
        assert "the first 2 of those you selected" in page and set(seen) == {str(each.pk) for each in three[:2]}

    def test_need_a_reason_and_the_permission(self, boss, three):
        seen = self.asked(boss, three)[1]
        assert "required" in boss.pull("reservations/reservation/compensate/", seen=seen, reason=" ")
        support = Operator.as_a("support")
        support.pull("reservations/reservation/compensate/", seen=seen, status=403)
        assert 'value="compensate"' not in support.see("reservations/reservation/")
        assert not actions().exists()


class TestAForgedRequest:
    def test_is_refused(self, boss, sold):
        boss.client.handler.enforce_csrf_checks = True
        sent = {"reason": "none", "seen": json.dumps({str(sold.pk): sold.revision})}
        for path in (page_of(sold, "compensate"), "reservations/reservation/compensate/"):
            assert boss.client.post(f"/admin/{path}", sent).status_code == 403
        assert not actions().exists()
