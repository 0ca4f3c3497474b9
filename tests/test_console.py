"""What operators see in the console, and edit."""

from datetime import timedelta

from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.timezone import now

from accounts.models import User
from concert_site.invariants import LETTERS
from concert_site.models import Finding, Reconciliation
from events import approvals
from events.admin.domains import domains
from events.aggregate import revisions
from events.consumers import consumer
from events.models import Destination, Event
from payments.models import Payment
from reservations.handles import HANDLES
from reservations.models import Performance
from tests.operators import RESERVATIONS, Operator, actions
from tests.world import make_performance


class TestEveryModel:
    def test_has_a_list_and_a_page(self, boss, bought, dead):
        boss.pull(f"events/delivery/{dead.pk}/discard/", seen={dead.pk: dead.version})
        approvals.ask(HANDLES["note"], [bought], seen=revisions([bought]), operator="Olga", reason="it is large")
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

    def test_counts_dead_letters_and_what_they_hold_up_and_reservations_that_call(self, boss, bought, dead):
        bought.call_attention(why="somebody should look")
        page = boss.see("")
        assert "cause=calls" in page and "1 lane" in page and "Act:" in page

    def test_names_who_is_paused_and_who_is_away(self, boss, world):
        consumer("payments").pause(operator="Olga", reason="a test")
        for _n in range(3):
            Destination.note_outage("email", using=consumer("email").database, error=TimeoutError("nobody there"))
        page = boss.see("")
        assert "Payments</a>" in page and "E-mail</a>" in page

    def test_says_when_the_invariants_were_looked_at_last(self, boss, world):
        assert f"not known of: {', '.join(LETTERS)}" in boss.see("")
        Reconciliation.ask(by="a test")
        while finding := Finding.next():
            finding.look(pause=0)
        assert "all hold, looked at 0\xa0minutes ago" in boss.see("")

    def test_says_of_which_invariants_nothing_is_known(self, boss, world):
        Reconciliation.ask(by="a test")
        Finding.objects.update(state="done", started_at=now(), finished_at=now())
        Finding.objects.filter(letter="M").update(unchecked=["a database is away"])
        Finding.objects.filter(letter="L").update(finished_at=now() - timedelta(hours=2))
        assert "not known of: M, L" in boss.see("")

    def test_says_of_each_sign_what_is_normal(self, boss, world):
        page = boss.see("")
        assert page.count("normal:") == page.count("console-label") >= 11

    def test_leads_to_the_views_that_an_operator_may_see(self, boss, world):
        assert "Who waits, who is in" in boss.see("")
        assert "Who waits, who is in" not in Operator.who_may("view_reservation").see("")

    def test_says_when_nothing_has_reported(self, boss):
        assert "beat has never reported" in boss.see("")

    def test_says_that_redis_is_away(self, boss, world, settings):
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:9/0"}}
        assert "can&#x27;t be reached" in boss.see("")

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
            "Seats held", "ReservationConfirmed", "PointsCaptured", "→ payments: done", "100,000 P debited from",
            "Told the fan: “Your seats are booked”", "Let in from the waiting room", "Noted for the promoter: sale",
            "The data platform did not take", "100,000 P were debited once. Refunded: no.", "Floor A 1: this reserv",
        ):  # fmt: skip
            assert told in page, told

    def test_shows_points_that_were_never_debited(self, boss, bought):
        Payment.objects.update(status="VOID")
        assert "Wrong" in boss.see(f"reservations/reservation/{bought.pk}/change/")

    def test_tells_the_last_error_of_a_dead_delivery(self, boss, bought, dead):
        page = boss.see(f"reservations/reservation/{bought.pk}/change/")
        assert "Needs you" in page and "could not be delivered to Box office, attempts: 10" in page
        assert "Reservation matching query does not exist" in page


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
