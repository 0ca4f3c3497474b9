"""What operators see and do in the console."""

import json
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import User
from events import bus
from events.admin.domains import domains
from events.models import Delivery, Event, OperatorAction
from events.relay import relay
from payments.models import Payment
from reservations.models import Performance, Reservation
from tests.world import make_performance

RESERVATIONS = bus.home("reservations")


class Operator:
    """Somebody who sits at the console."""

    def __init__(self, user):
        self.user, self.client = user, Client()
        self.client.force_login(user)

    @classmethod
    def superuser(cls):
        return cls(User.objects.create_superuser(f"boss-{uuid4().hex[:6]}@example.com", name="Boss"))

    @classmethod
    def who_may(cls, *codenames):
        user = User.objects.create_user(f"kim-{uuid4().hex[:6]}@example.com", name="Kim", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return cls(user)

    def see(self, path, status=200, **query):
        answer = self.client.get(f"/admin/{path}", query)
        assert answer.status_code == status, (path, answer.status_code)
        return answer.content.decode()

    def pull(self, path, *, seen, reason="the fan asked for it", status=200):
        sent = {"reason": reason, "seen": json.dumps({str(id): version for id, version in seen.items()})}
        answer = self.client.post(f"/admin/{path}", sent, follow=True)
        assert answer.status_code == status, (path, answer.status_code)
        return answer.content.decode()


@pytest.fixture
def boss(world):
    return Operator.superuser()


@pytest.fixture
def bought(world, settings):
    """Alice's reservation, told to all; the data platform can't be reached."""
    settings.DATA_PLATFORM_URL = "http://127.0.0.1:9/"
    reservation = world.bought_by(world.alice)
    relay()
    relay(external=True)
    reservation.refresh_from_db()
    return reservation


@pytest.fixture
def dead(bought):
    """A delivery that can never take effect, about a reservation that there is not; and one waits behind it."""
    first, second = (captured_of_nobody(like=bought, seq=seq) for seq in (101, 102))
    Delivery.objects.using(RESERVATIONS).filter(pk=first.pk).update(attempts=9)
    relay()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("dead", "parked")
    return first


def captured_of_nobody(*, like, seq):
    data = {"reservation_id": str(uuid4()), "user_id": str(like.user_id), "amount": 1}
    event = Event.objects.using(RESERVATIONS).create(
        aggregate_type="payments.Payment", aggregate_id=like.pk, seq=seq, type="PointsCaptured", data=data,
        correlation_id=like.pk, actor="system", traceparent="",
    )  # fmt: skip
    Delivery.address(event, consumers=["confirmation"], using=RESERVATIONS)
    return event.deliveries.using(RESERVATIONS).get()


def actions():
    return OperatorAction.objects.using(RESERVATIONS)


class TestEveryModel:
    def test_has_a_list_and_a_page(self, boss, dead):
        boss.pull(f"events/delivery/{dead.pk}/discard/", seen={dead.pk: dead.version})
        Group.objects.create(name="box office")
        for model in admin.site._registry:
            name = f"{model._meta.app_label}/{model._meta.model_name}/"
            rows = rows_of(model)
            assert rows, f"{model.__name__} has no row to look at"
            for alias, row in rows:
                boss.see(name, **alias)
                boss.see(f"{name}{row.pk}/change/", **alias)
                boss.see(f"{name}{row.pk}/history/", **alias)

    def test_can_be_searched_by_an_id_and_by_words(self, boss, bought):
        for model in admin.site._registry:
            name = f"{model._meta.app_label}/{model._meta.model_name}/"
            for words in (str(bought.pk), "some words"):
                boss.see(name, q=words)

    def test_that_is_a_record_cannot_be_edited(self, boss, bought):
        for name in ("reservations/reservation", "payments/payment", "events/event", "accounts/apitoken"):
            boss.see(f"{name}/add/", status=403)
        payment = Payment.objects.get()
        boss.client.post(f"/admin/payments/payment/{payment.pk}/change/", {"amount": 1})
        boss.client.post(f"/admin/payments/payment/{payment.pk}/delete/", {"post": "yes"})
        assert Payment.objects.get().amount == payment.amount
        event = Event.objects.using(RESERVATIONS).first()
        assert boss.client.post(f"/admin/events/event/{event.pk}/change/", {"seq": 9}).status_code == 403
        assert boss.client.post(f"/admin/events/event/{event.pk}/delete/", {"post": "yes"}).status_code == 403

    def test_is_closed_to_fans_and_to_operators_without_permission(self, world, bought):
        fan = Operator(world.alice.user)
        fan.see("reservations/reservation/", status=302)
        Operator.who_may().see("reservations/reservation/", status=403)
        Operator.who_may("view_reservation").see("reservations/reservation/")


def rows_of(model):
    """(query, row) of one row of the model, in each database that has one."""
    if model._meta.app_label != "events":
        return [({}, row) for row in model._default_manager.all()[:1]]
    return [({"domain": alias}, row) for alias in domains() for row in model._default_manager.using(alias)[:1]]


class TestTheIndex:
    def test_says_that_all_is_well(self, boss, bought):
        page = boss.see("")
        assert "Dead letters" in page and "Room: Night Flight" in page and "0 waiting" in page

    def test_counts_dead_letters_and_reservations_that_need_attention(self, boss, bought, dead):
        bought.call_attention(why="somebody should look")
        page = boss.see("")
        assert "state__exact=dead" in page and "attention=needed" in page

    def test_says_when_nothing_has_reported(self, boss):
        assert "beat has never reported" in boss.see("")

    def test_says_that_redis_is_away(self, boss, world, settings):
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:9/0"}}
        assert "Redis is away" in boss.see("")

    def test_leads_to_the_dead_letters_of_each_domain(self, boss, dead):
        page = boss.see("events/delivery/", domain=RESERVATIONS)
        assert ("By domain" in page) == ("domain=payments" in page) == (len(domains()) > 1)


class TestTheListOfReservations:
    def test_finds_a_fan_by_address_and_by_id(self, boss, world, bought):
        bob = world.held_by(world.bob, world.seats[5])
        for words in (world.alice.user.email, "alice", str(world.alice.user.pk), str(bought.pk)):
            page = boss.see("reservations/reservation/", q=words)
            assert str(bought.pk) in page and str(bob.pk) not in page

    def test_filters_by_attention_and_performance(self, boss, world, bought):
        assert str(bought.pk) not in boss.see("reservations/reservation/", attention="needed")
        bought.call_attention(why="somebody should look")
        page = boss.see("reservations/reservation/", attention="needed")
        assert str(bought.pk) in page and "confirmed, needs attention" in page
        other = make_performance(world.concert, seats=3)
        assert str(bought.pk) in boss.see("reservations/reservation/", performance=bought.performance_id)
        assert str(bought.pk) not in boss.see("reservations/reservation/", performance=other.pk)


class TestTheReservationPage:
    def test_tells_what_every_domain_did(self, boss, bought):
        page = boss.see(f"reservations/reservation/{bought.pk}/change/")
        for told in (
            "ReservationHeld", "ReservationConfirmed", "PointsCaptured", "at payments: Done", "at settlement: Done",
            "payment: 100,000 P", "Your seats are booked", "Let in from the waiting room", "sale: 100,000 P",
            "100,000 P were debited once, nothing was refunded.", "Its 1 seats belong to it alone.",
        ):  # fmt: skip
            assert told in page, told

    def test_shows_points_that_were_never_debited(self, boss, bought):
        Payment.objects.update(status="VOID")
        assert "Wrong" in boss.see(f"reservations/reservation/{bought.pk}/change/")

    def test_tells_the_last_error_of_a_dead_delivery(self, boss, bought, dead):
        page = boss.see(f"reservations/reservation/{bought.pk}/change/")
        assert "at confirmation: Dead, 10 attempts" in page and "Reservation matching query does not exist" in page


def page_of(reservation, lever="change"):
    return f"reservations/reservation/{reservation.pk}/{lever}/"


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

    def test_releases_a_hold(self, boss, world):
        held = world.held_by(world.alice)
        assert "released" in boss.pull(page_of(held, "compensate"), seen={held.pk: held.version})

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


class TestAPerformance:
    def test_gets_its_seats_by_a_lever_once_it_has_prices(self, boss, world):
        new = Performance.objects.get(pk=make_performance(world.concert, seats=3).pk)
        new.prices.all().delete()
        new.seats.all().delete()
        Performance.objects.filter(pk=new.pk).update(seat_count=0)
        path = f"reservations/performance/{new.pk}"
        assert "There is no price yet for: R." in boss.see(f"{path}/change/")
        new.prices.create(grade="R", amount=500)
        page = boss.see(f"{path}/lay-out/")
        assert "R: 3 × 500 P" in page
        seen = boss.client.get(f"/admin/{path}/lay-out/").context["form"].initial["seen"]
        new.prices.update(amount=700)
        assert "It was changed meanwhile" in boss.pull(f"{path}/lay-out/", seen=seen)
        seen = boss.client.get(f"/admin/{path}/lay-out/").context["form"].initial["seen"]
        assert "3 seats are laid out." in boss.pull(f"{path}/lay-out/", seen=seen)
        assert new.seats.count() == 3 and new.prices.get().amount == 700
        assert "The seats are laid out already." in boss.see(f"{path}/change/")
        assert actions().get().action == "performance.lay_out"

    def test_is_edited_and_the_change_is_logged(self, boss, world):
        concert = world.concert
        form = {"title": "Day Flight", "artist": concert.artist, "cancellation_tiers-TOTAL_FORMS": 1,
                "cancellation_tiers-INITIAL_FORMS": 0, "cancellation_tiers-0-days_before": 3,
                "cancellation_tiers-0-fee_percent": 50, "cancellation_tiers-0-concert": str(concert.pk)}  # fmt: skip
        boss.client.post(f"/admin/reservations/concert/{concert.pk}/change/", form)
        concert.refresh_from_db()
        assert concert.title == "Day Flight" and concert.cancellation_tiers.get().fee_percent == 50
        assert "Added cancellation fee" in boss.see(f"reservations/concert/{concert.pk}/history/")
        assert "Day Flight" in boss.see("")


class TestAUser:
    def test_is_renamed_and_made_an_operator(self, boss, world):
        user = world.bob.user
        form = {"email": user.email, "name": "Robert", "language": "ko", "is_active": "on", "is_staff": "on"}
        answer = boss.client.post(f"/admin/accounts/user/{user.pk}/change/", form)
        assert answer.status_code == 302, answer.context["errors"]
        user.refresh_from_db()
        assert (user.name, user.is_staff, user.language) == ("Robert", True, "ko")

    def test_is_added_with_a_password(self, boss):
        form = {"email": "new@example.com", "name": "New", "usable_password": "true"}
        form |= {"password1": "a long pass phrase", "password2": "a long pass phrase"}
        boss.client.post("/admin/accounts/user/add/", form)
        assert User.objects.get(email="new@example.com").check_password("a long pass phrase")

    def test_does_not_become_a_superuser_by_the_hand_of_another(self, boss, world):
        kim = Operator.who_may("view_user", "change_user")
        form = {"name": "Kim", "language": "en", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
        kim.client.post(f"/admin/accounts/user/{kim.user.pk}/change/", form)
        kim.user.refresh_from_db()
        assert not kim.user.is_superuser
        kim.see(f"accounts/user/{world.alice.user.pk}/password/")
        kim.see(f"accounts/user/{boss.user.pk}/password/", status=403)
