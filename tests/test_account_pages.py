"""The pages around a fan's account: signing up, news, points, what others may see; and what is on."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils.timezone import now

from accounts.models import Notification, User
from events.relay import relay
from payments.models import Charge
from reservations.models import Performance, Reservation
from tests.pages import Pages, hidden
from tests.world import make_performance

Status = Reservation.Status


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(world):
    return Pages(world.alice)


class TestAStranger:
    def test_sees_nobody_elses_reservation(self, world):
        reservation = world.bought_by(world.alice)
        for page in ("", "/checkout", "/cancellation", "/ticket.svg"):
            assert Pages(world.bob).get(f"/reservations/{reservation.pk}{page}").status_code == 404, page

    def test_changes_nobody_elses_reservation(self, world):
        reservation = world.held_by(world.alice)
        for action in ("payment", "release", "cancellation"):
            path = f"/reservations/{reservation.pk}/{action}"
            assert Pages(world.bob).post(path, key=uuid4(), refund=0).status_code == 404, action
        assert Reservation.objects.get().status == Status.HELD

    def test_who_is_not_signed_in_is_asked_to(self, world):
        for path in ("/reservations", "/points", "/notifications", f"/reservations/{uuid4()}"):
            page = Pages().get(path)
            assert page.path == "/sign-in", path
            assert hidden(page, "next") == path


class TestAnAccount:
    NEW = {"email": "dana@example.com", "name": "Dana", "password": "kettle-orbit-42"}

    def test_is_told_when_the_address_is_taken_and_keeps_what_was_typed(self, world):
        page = Pages().post("/sign-up", **self.NEW | {"email": world.alice.user.email.upper(), "name": "Alicia"})
        assert "There is an account with this e-mail address" in page.text
        assert 'value="Alicia"' in page.text

    def test_has_no_password_that_is_easily_guessed(self, world):
        for password in ("short", "password1", "dana@example.com"):
            page = Pages().post("/sign-up", **self.NEW | {"password": password})
            assert page.context["form"].errors["password"]

    def test_signs_in_whatever_the_case_of_the_address_and_out_again(self, world):
        Pages().post("/sign-up", **self.NEW)
        fan = Pages()
        assert "is wrong" in fan.post("/sign-in", username="dana@example.com", password="x").text
        fan.post("/sign-in", username="DANA@example.com", password=self.NEW["password"], next="/points")
        assert fan.get("/points").path == "/points"
        fan.post("/sign-out")
        assert fan.get("/points").path == "/sign-in"

    def test_speaks_korean_when_asked(self, world, alice):
        alice.post("/language", language="ko", next="/points")
        assert User.objects.get(pk=world.alice.user.pk).language == "ko"
        assert 'lang="ko"' in alice.get("/points").text


class TestNews:
    def test_come_unread_first_and_are_marked_as_read(self, world, alice):
        world.bought_by(world.alice)
        relay()
        told = Notification.objects.get()
        assert "Your seats are booked" in alice.get("/notifications").text
        shown = alice.post(f"/notifications/{told.pk}/read")
        assert shown.path == f"/reservations/{told.data['reservation_id']}"
        assert not alice.get("/notifications").context["unread"]

    def test_of_somebody_else_stay_unread(self, world):
        world.bought_by(world.alice)
        relay()
        told = Notification.objects.get()
        assert Pages(world.bob).post(f"/notifications/{told.pk}/read").status_code == 404
        assert Notification.objects.get().read_at is None


class TestConcerts:
    def test_are_found_by_words_and_say_when_there_are_none(self, world):
        assert "Night Flight" in Pages().get("/?search=comets").text
        assert "Nothing found" in Pages().get("/?search=polka").text

    def test_tell_when_the_sale_begins(self, world):
        later = make_performance(world.concert, starts_in=timedelta(days=60))
        Performance.objects.filter(pk=later.pk).update(sales_open_at=now() + timedelta(days=2))
        assert "On sale from" in Pages().get(f"/concerts/{world.concert.pk}").text

    def test_are_ranked_by_what_was_bought(self, world):
        world.bought_by(world.alice)
        relay()
        assert "1 reservation" in Pages().get("/").text


class TestPoints:
    def test_show_where_they_came_from_and_went(self, world, alice):
        world.bought_by(world.alice)
        page = alice.get("/points")
        assert "+1,000,000" in page.text
        assert "-100,000" in page.text

    def test_whose_bank_has_not_answered_are_on_their_way(self, world, alice, settings):
        settings.SANDBOX_GATEWAY_FAULT = "unknown"
        assert "on their way" in alice.post("/points/charges", key=uuid4(), amount="5000").text
        assert Charge.objects.filter(status="PENDING").exists()
