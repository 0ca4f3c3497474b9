"""Buying through the pages: a whole purchase through forms alone, and every refusal in words."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils.timezone import now

from events import bus
from events.relay import relay
from payments.models import Payment
from queueing import levers
from queueing.models import Room
from queueing.passes import cookie_name
from queueing.ticks import tick_rooms
from reservations.models import Concert, Performance, Reservation
from tests.pages import Pages, hidden

Status = Reservation.Status


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(world):
    return Pages(world.alice)


class TestAPurchase:
    def test_leads_through_forms_from_the_sign_up_to_the_ticket(self, world):
        fan, home, seat = Pages(), f"/performances/{world.performance.pk}", world.seats[0]
        assert fan.get(home).path == "/sign-in"
        account = {"email": "dana@example.com", "name": "Dana", "password": "kettle-orbit-42"}
        room = fan.post("/sign-up", **account, next=home)
        assert room.path == f"/concerts/{world.concert.pk}/waiting-room"
        assert "Join the line" in room.text

        waiting = fan.post(room.path, next=hidden(room, "next"))
        assert "you are next" in waiting.text
        tick_rooms()
        choosing = fan.get(f"{waiting.path}?next={home}")
        assert choosing.path == home
        assert fan.client.cookies[cookie_name(world.concert.pk)]["httponly"]

        checkout = fan.hold(world.performance, seat, key=hidden(choosing, "key"))
        reservation = Reservation.objects.get()
        assert checkout.path == f"/reservations/{reservation.pk}/checkout"
        assert "Missing" in checkout.text
        charged = fan.post("/points/charges", key=hidden(checkout, "key"), quick="100000", next=checkout.path)
        assert charged.path == checkout.path
        assert "Pay 100,000 P" in charged.text

        booked = fan.pay(reservation, key=re.findall(r'name="key" value="([^"]*)"', charged.text)[-1])
        assert booked.path == f"/reservations/{reservation.pk}"
        assert "Booked" in booked.text
        ticket = fan.client.get(f"{booked.path}/ticket.svg")
        assert ticket["Content-Type"] == "image/svg+xml"
        assert b"<svg" in ticket.content

    def test_needs_no_waiting_room_while_it_is_off(self, world, alice):
        levers.turn_off(world.room, operator="test", reason="test")
        assert alice.get(f"/concerts/{world.concert.pk}/waiting-room").path == f"/concerts/{world.concert.pk}"
        assert alice.get(f"/performances/{world.performance.pk}").path == f"/performances/{world.performance.pk}"

    def test_can_be_made_from_the_list_of_seats(self, world, alice):
        alice.enter(world.concert)
        page = alice.get(f"/performances/{world.performance.pk}/list")
        assert page.text.count('type="checkbox"') == 12
        assert str(world.seats[3].pk) in page.text

    def test_is_one_however_often_each_form_is_sent(self, world, alice):
        alice.enter(world.concert)
        holding, paying, charging = uuid4(), uuid4(), uuid4()
        for _ in range(2):
            alice.hold(world.performance, world.seats[0], key=holding)
        reservation = Reservation.objects.get()
        for _ in range(2):
            alice.post("/points/charges", key=charging, amount="7,000 P")
        for _ in range(2):
            alice.pay(reservation, key=paying)
        assert world.alice.balance == 1_000_000 + 7_000 - 100_000
        assert Payment.objects.count() == 1

    def test_waits_for_an_answer_that_takes_its_time(self, world, alice, settings):
        reservation = world.held_by(world.alice)
        settings.PUSH_AFTER_COMMIT = False
        alice.enter(world.concert)
        paying = alice.pay(reservation)
        assert 'http-equiv="refresh"' in paying.text
        relay()
        assert alice.get(paying.path).path == f"/reservations/{reservation.pk}"


class TestTheWaitingRoom:
    def test_keeps_a_fan_away_from_the_seats(self, world, alice):
        page = alice.get(f"/performances/{world.performance.pk}")
        assert page.path == f"/concerts/{world.concert.pk}/waiting-room"
        assert hidden(page, "next") == f"/performances/{world.performance.pk}"

    def test_says_in_which_state_it_is(self, world, alice):
        alice.post(f"/concerts/{world.concert.pk}/waiting-room")
        for pull, words in {levers.pause: "stopped for a moment", levers.close: "is closed"}.items():
            pull(world.room, operator="test", reason="test")
            assert words in alice.get(f"/concerts/{world.concert.pk}/waiting-room").text

    def test_lets_fans_come_before_it_opens(self, world, alice):
        world.room.delete()
        room = Room.of(world.concert.pk)
        levers.schedule(room, opens_at=now() + timedelta(days=1), operator="test", reason="test")
        assert "It opens" in alice.post(f"/concerts/{world.concert.pk}/waiting-room").text

    def test_that_asks_for_proof_of_work_refuses_a_form_without_it_and_says_why(self, world, alice):
        levers.ask_proof(world.room, asks_proof=True, operator="test", reason="test")
        page = alice.post(f"/concerts/{world.concert.pk}/waiting-room")
        assert "your device has to solve a small task first. That keeps programs out" in page.text
        assert "The task was not solved" in alice.post(f"/concerts/{world.concert.pk}/waiting-room", proof="x").text
        assert "Join the line" in alice.get(f"/concerts/{world.concert.pk}/waiting-room").text

    def test_is_left_by_a_button(self, world, alice):
        alice.post(f"/concerts/{world.concert.pk}/waiting-room")
        assert "given up" in alice.post(f"/concerts/{world.concert.pk}/waiting-room/leave").text
        assert "Join the line" in alice.get(f"/concerts/{world.concert.pk}/waiting-room").text

    def test_sends_nobody_to_another_site(self, world, alice):
        alice.enter(world.concert)
        page = alice.get(f"/concerts/{world.concert.pk}/waiting-room?next=https://evil.example/")
        assert page.path == f"/concerts/{world.concert.pk}"

    def test_that_cannot_be_reached_says_so_with_a_number_for_support(self, world, alice, settings):
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
        page = alice.get(f"/concerts/{world.concert.pk}/waiting-room")
        assert page.status_code == 503
        assert page["Trace-Id"] in page.text


class TestARefusal:
    def test_names_the_taken_seats_and_offers_the_nearest(self, world, alice):
        world.held_by(world.bob, world.seats[0])
        alice.enter(world.concert)
        page = alice.hold(world.performance, world.seats[0], world.seats[5])
        assert page.path == f"/performances/{world.performance.pk}"
        assert "Floor A 1 is taken" in page.text
        assert [seat.label for seat in page.context["offer"]] == ["Floor A 2", "Floor A 6"]
        offered = alice.hold(world.performance, *page.context["offer"], key=hidden(page, "key"))
        assert offered.path.endswith("/checkout")

    def test_of_too_many_seats_says_how_many_one_may_have(self, world, alice):
        alice.enter(world.concert)
        assert "have 4 seats" in alice.hold(world.performance, *world.seats[:5]).text

    def test_of_no_seats_asks_for_some(self, world, alice):
        alice.enter(world.concert)
        assert "at least one seat" in alice.hold(world.performance).text

    def test_of_seats_that_do_not_exist_leads_back_to_the_map(self, world, alice):
        alice.enter(world.concert)
        for nonsense in ("x", uuid4()):
            page = alice.post(f"/performances/{world.performance.pk}/hold", seats=[nonsense], key=uuid4())
            assert "not seats of this performance" in page.text

    def test_of_what_is_not_on_sale_leads_back_to_the_concert(self, world, alice):
        alice.enter(world.concert)
        Performance.objects.update(sales_open_at=now() + timedelta(days=1))
        page = alice.hold(world.performance, world.seats[0])
        assert page.path == f"/concerts/{world.concert.pk}"
        assert "not on sale" in page.text
        assert "Coming soon" in page.text

    def test_to_pay_after_the_time_leads_back_to_the_map(self, world, alice):
        reservation = world.held_by(world.alice)
        alice.enter(world.concert)
        Reservation.objects.update(held_until=now() - timedelta(seconds=1))
        page = alice.pay(reservation)
        assert page.path == f"/performances/{world.performance.pk}"
        assert "time to pay is over" in page.text

    def test_of_a_payment_says_why_and_what_to_do(self, world):
        dana = type(world.alice).sign_up("Dana")
        reservation = world.held_by(dana)
        fan = Pages(dana)
        fan.enter(world.concert)
        page = fan.pay(reservation)
        assert "too few points" in page.text
        assert "Choose seats again" in page.text
        assert fan.get(f"/reservations/{reservation.pk}").status_code == 200

    def test_of_an_amount_keeps_what_was_typed(self, world, alice):
        page = alice.post("/points/charges", key=uuid4(), amount="99,999,999")
        assert page.status_code == 422
        assert 'value="99,999,999"' in page.text
        assert f"{settings.CHARGE_MAXIMUM:,}" in page.text

    def test_of_too_many_tries_keeps_the_address(self, world, settings):
        rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"sessions": "1/min"}
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}
        settings.RATE_LIMITS = True
        pages = [Pages().post("/sign-in", username="dana@example.com", password="x") for _ in range(2)]
        assert [page.status_code for page in pages] == [200, 429]
        assert 'value="dana@example.com"' in pages[1].text

    def test_by_accident_has_a_number_for_support(self, world):
        with connections[bus.home(Concert)].cursor() as cursor:
            cursor.execute("ALTER TABLE reservations_concert RENAME TO gone")
            page = Client(raise_request_exception=False).get("/")
            cursor.execute("ALTER TABLE gone RENAME TO reservations_concert")
        assert page.status_code == 500
        assert page["Trace-Id"] in page.content.decode()

    def test_without_a_csrf_token_is_explained(self, world):
        page = Client(enforce_csrf_checks=True).post("/sign-in", {"username": "a", "password": "b"})
        assert page.status_code == 403
        assert "Go back" in page.content.decode()


class TestGivingBack:
    def test_frees_a_held_seat(self, world, alice):
        reservation = world.held_by(world.alice)
        alice.enter(world.concert)
        page = alice.post(f"/reservations/{reservation.pk}/release")
        assert page.path == f"/performances/{world.performance.pk}"
        assert Reservation.objects.get().status == Status.RELEASED
        assert "Given back" in alice.post(f"/reservations/{reservation.pk}/release").text

    def test_refunds_what_the_page_quoted_once(self, world, alice):
        reservation = world.bought_by(world.alice)
        quoted = alice.get(f"/reservations/{reservation.pk}/cancellation")
        form = {"key": hidden(quoted, "key"), "refund": hidden(quoted, "refund")}
        for _ in range(2):
            assert "Cancelled" in alice.post(quoted.path, **form).text
        assert world.alice.balance == 1_000_000
        assert "The points are back" in alice.get(f"/reservations/{reservation.pk}").text

    def test_asks_again_when_the_quote_has_changed(self, world, alice):
        reservation = world.bought_by(world.alice)
        page = alice.post(f"/reservations/{reservation.pk}/cancellation", key=uuid4(), refund=5)
        assert "has changed" in page.text
        assert Reservation.objects.get().status == Status.CONFIRMED

    def test_is_too_late_once_the_show_has_begun(self, world, alice):
        reservation = world.bought_by(world.alice)
        begun = now()
        Performance.objects.update(starts_at=begun, sales_close_at=begun)
        page = alice.get(f"/reservations/{reservation.pk}/cancellation")
        assert page.path == f"/reservations/{reservation.pk}"
        assert "has begun" in page.text
