"""Each row of the API's contract: who may, what it answers, which code says what went wrong."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import signing
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.models import ApiToken, User
from events.relay import relay
from queueing import passes
from queueing.models import Room
from reservations import holding
from reservations.models import CancellationTier, Concert, Performance, Reservation
from tests.world import PRICE, Fan, make_performance

UNKNOWN = uuid4()
PROBLEM = {"type", "title", "status", "detail", "code", "trace_id"}
RESERVATION = {"id", "status", "performance", "seats", "amount", "held_until", "failure", "created_at"}
WITH_OFFSET = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)$")


def refused(answer, status, code, *, members=frozenset()):
    """That it is a problem of that code, complete and in the right type."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert set(told) - {"errors"} == PROBLEM | members
    assert (told["status"], told["trace_id"]) == (status, answer["Trace-Id"])
    assert told["title"] and told["detail"] and isinstance(told["detail"], str)
    assert ("WWW-Authenticate" in answer) == (status == 401)
    return told


@pytest.fixture
def anyone(world):
    return Fan(user=None, client=APIClient())


def queue_token(fan, concert):
    return {"Queue-Token": fan.tokens[str(concert.id)]}


def lapse(reservation):
    Reservation.objects.filter(pk=reservation.pk).update(held_until=now() - timedelta(seconds=1))


class TestSigningUp:
    BODY = {"email": "Dora@Example.com", "password": "correct horse battery", "name": "Dora"}

    def test_makes_an_account_that_may_sign_in_at_once(self, anyone):
        made = anyone.call("post", "/accounts", self.BODY)
        assert made.status_code == 201
        assert made.json() == {"id": str(User.objects.get(name="Dora").id), "email": "Dora@example.com", "name": "Dora"}
        assert anyone.call("post", "/sessions", self.BODY).status_code == 201

    def test_takes_an_address_once_whatever_its_case(self, anyone):
        anyone.call("post", "/accounts", self.BODY)
        refused(anyone.call("post", "/accounts", self.BODY | {"email": "DORA@example.COM"}), 409, "email_taken")

    def test_names_the_field_that_is_missing(self, anyone):
        for missing in self.BODY:
            body = {name: value for name, value in self.BODY.items() if name != missing}
            told = refused(anyone.call("post", "/accounts", body), 400, "invalid")
            assert set(told["errors"]) == {missing}

    def test_makes_no_operators(self, anyone):
        wish = {"is_staff": True, "is_superuser": True, "is_active": False, "id": str(UNKNOWN), "groups": [1]}
        assert anyone.call("post", "/accounts", self.BODY | wish).status_code == 201
        dora = User.objects.get(name="Dora")
        assert (dora.is_staff, dora.is_superuser, dora.is_active, dora.id == UNKNOWN) == (False, False, True, False)


class TestSigningIn:
    @pytest.fixture
    def dora(self, world):
        return User.objects.create_user("dora@example.com", "correct horse battery", name="Dora")

    def test_gives_a_bearer_token(self, anyone, dora):
        answer = anyone.call("post", "/sessions", {"email": "DORA@example.com", "password": "correct horse battery"})
        assert answer.status_code == 201 and set(answer.json()) == {"token", "expires_at"}
        assert WITH_OFFSET.match(answer.json()["expires_at"])
        anyone.client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['token']}")
        assert anyone.call("get", "/me").json() == {"id": str(dora.id), "email": "dora@example.com", "name": "Dora"}

    @pytest.mark.parametrize("email", ["dora@example.com", "nobody@example.com"])
    def test_says_the_same_of_a_wrong_password_and_an_unknown_address(self, anyone, dora, email):
        answer = anyone.call("post", "/sessions", {"email": email, "password": "wrong"})
        assert refused(answer, 401, "invalid_credentials")["detail"] == "The e-mail address or the password is wrong."

    def test_is_not_for_the_deactivated(self, anyone, dora):
        User.objects.update(is_active=False)
        body = {"email": "dora@example.com", "password": "correct horse battery"}
        refused(anyone.call("post", "/sessions", body), 401, "invalid_credentials")

    def test_ends_with_signing_out_on_this_device_only(self, world):
        other = ApiToken.issue(user=world.alice.user, now=now())[1]
        assert world.alice.call("delete", "/sessions/current").status_code == 204
        refused(world.alice.call("get", "/me"), 401, "not_authenticated")
        world.alice.client.credentials(HTTP_AUTHORIZATION=f"Bearer {other}")
        assert world.alice.call("get", "/me").status_code == 200

    @pytest.mark.parametrize(
        "change", [lambda: ApiToken.objects.update(expires_at=now()), lambda: User.objects.update(is_active=False)]
    )
    def test_is_over_when_the_token_or_the_account_is(self, world, change):
        change()
        refused(world.alice.call("get", "/me"), 401, "not_authenticated")


FANS_ONLY = [
    ("get", "/me"),
    ("delete", "/sessions/current"),
    ("get", f"/performances/{UNKNOWN}/availability"),
    ("post", f"/waiting-rooms/{UNKNOWN}/place"),
    ("get", f"/waiting-rooms/{UNKNOWN}/place"),
    ("delete", f"/waiting-rooms/{UNKNOWN}/place"),
    ("get", f"/waiting-rooms/{UNKNOWN}/challenge"),
    ("get", "/reservations"),
    ("post", "/reservations"),
    ("get", f"/reservations/{UNKNOWN}"),
    ("delete", f"/reservations/{UNKNOWN}"),
    ("get", f"/reservations/{UNKNOWN}/timeline"),
    ("post", f"/reservations/{UNKNOWN}/payment"),
    ("get", f"/reservations/{UNKNOWN}/cancellation"),
    ("post", f"/reservations/{UNKNOWN}/cancellation"),
    ("get", f"/reservations/{UNKNOWN}/ticket"),
    ("get", "/points"),
    ("get", "/points/entries"),
    ("post", "/points/charges"),
]


class TestTheOrderOfChecks:
    def test_asks_first_who_you_are(self, anyone):
        """Before it reads the body, the key, or looks for anything."""
        for method, path in FANS_ONLY:
            answer = anyone.client.generic(method.upper(), f"/api/v1{path}", b"{broken", "application/json")
            refused(answer, 401, "not_authenticated")
            assert answer["WWW-Authenticate"] == "Bearer"

    def test_then_whether_the_request_makes_sense(self, world):
        refused(world.alice.call("post", "/reservations", {"performance": str(UNKNOWN)}), 400, "invalid")
        refused(world.alice.call("post", f"/reservations/{UNKNOWN}/payment"), 400, "idempotency_key_required")
        refused(world.alice.call("post", f"/reservations/{UNKNOWN}/cancellation", {"refund": "x"}), 400, "invalid")

    def test_then_whether_there_is_such_a_thing(self, world):
        for method, path in FANS_ONLY:
            if str(UNKNOWN) in path:
                refused(world.alice.call(method, path, key=uuid4()), 404, "not_found")
        body = {"performance": str(UNKNOWN), "seats": [str(world.seats[0].id)]}
        refused(world.alice.call("post", "/reservations", body), 404, "not_found")

    def test_then_whether_you_may_and_last_whether_it_can_be_done(self, world):
        Performance.objects.update(sales_close_at=now() - timedelta(days=1))
        refused(world.alice.hold(world.performance, world.seats[0]), 403, "queue_token_required")
        world.admit(world.alice)
        refused(world.alice.hold(world.performance, world.seats[0]), 409, "sales_closed")

    def test_finds_unknown_seats_before_it_asks_for_the_queue_token(self, world):
        body = {"performance": str(world.performance.id), "seats": [str(UNKNOWN)]}
        assert set(refused(world.alice.call("post", "/reservations", body), 400, "invalid")["errors"]) == {"seats"}

    def test_finds_nothing_for_anyone_where_there_is_nothing(self, anyone):
        for path in [
            f"/concerts/{UNKNOWN}",
            f"/concerts/{UNKNOWN}/performances",
            f"/performances/{UNKNOWN}/seating-plan",
            f"/waiting-rooms/{UNKNOWN}",
        ]:
            refused(anyone.call("get", path), 404, "not_found")


class TestSomebodyElsesReservation:
    def test_does_not_exist(self, world):
        bought = world.bought_by(world.alice)
        world.admit(world.bob)
        for method, path in FANS_ONLY:
            if path.startswith(f"/reservations/{UNKNOWN}"):
                path = path.replace(str(UNKNOWN), str(bought.id))
                refused(world.bob.call(method, path, key=uuid4(), concert=world.concert), 404, "not_found")
        assert world.bob.call("get", "/reservations").json()["results"] == []
        bought.refresh_from_db()
        assert (bought.status, world.bob.balance) == ("CONFIRMED", 1_000_000)


def all_pages(fan, path):
    """The pages' results from the first to the last, and back again."""
    forth, back, url, previous = [], [], path, None
    while url:
        page = fan.client.get(url).json()
        assert set(page) == {"next", "previous", "results"}
        forth.append(page["results"])
        previous, url = page["previous"], page["next"]
    while previous:
        page = fan.client.get(previous).json()
        back.append(page["results"])
        previous = page["previous"]
    return forth, back[::-1]


class TestConcerts:
    @pytest.fixture
    def programme(self, world):
        """Two to come, one sold out, two over, two without a date, and the world's."""
        for n in range(2):
            later = Concert.objects.create(title=f"Later {n}", artist="The Planets")
            make_performance(later, starts_in=timedelta(days=60 + n))
            Performance.objects.filter(concert=later).update(sales_open_at=now() + timedelta(days=1))
            over = Concert.objects.create(title=f"Over {n}", artist="The Fossils")
            make_performance(over)
            Performance.objects.filter(concert=over).update(sales_close_at=now() - timedelta(days=n + 1))
            Concert.objects.create(title=f"Some day {n}", artist="The Dreamers")
        sold_out = Concert.objects.create(title="Full", artist="The Comets")
        gone = make_performance(sold_out, seats=1)
        world.alice.hold(gone, gone.seats.get())
        return world

    def test_are_listed_with_those_on_sale_first(self, programme, anyone):
        told = anyone.call("get", "/concerts").json()["results"]
        assert [concert["sale"] for concert in told] == ["on_sale", "to_come", "to_come", "sold_out"] + 4 * ["closed"]
        assert set(told[0]) == {"id", "title", "artist", "description", "poster_url", "sale", "next_start"}
        assert WITH_OFFSET.match(told[0]["next_start"]) and told[-1]["next_start"] is None

    def test_are_all_found_by_going_from_page_to_page(self, programme, anyone):
        for ordering in ["", "starts_at", "-starts_at", "title", "-title"]:
            whole = anyone.call("get", f"/concerts?ordering={ordering}").json()["results"]
            forth, back = all_pages(anyone, f"/api/v1/concerts?ordering={ordering}&page_size=3")
            assert sum(forth, []) == whole and len(whole) == 8
            assert back == forth[:-1]

    def test_without_a_date_come_last_by_date(self, programme, anyone):
        for ordering in ["starts_at", "-starts_at"]:
            told = anyone.call("get", f"/concerts?ordering={ordering}").json()["results"]
            assert [concert["next_start"] for concert in told[-2:]] == [None, None]

    def test_are_found_by_words_of_title_and_artist(self, programme, anyone):
        def found(words):
            return {c["title"] for c in anyone.client.get("/api/v1/concerts", {"search": words}).json()["results"]}

        assert found("comets") == {"Night Flight", "Full"}
        assert found("COMETS night") == {"Night Flight"}
        assert found("%") == found("_") == found("' OR 1=1 --") == set()
        assert len(found("")) == len(found("\0")) == 8

    def test_are_not_ordered_by_what_is_nobodys_business(self, anyone):
        for ordering in ["password", "performances__reservations__user_id", "?", "id;--", "-", "position"]:
            refused(anyone.client.get("/api/v1/concerts", {"ordering": ordering}), 400, "invalid")

    def test_are_told_one_by_one_as_in_the_list(self, world, anyone):
        listed = anyone.call("get", "/concerts").json()["results"][0]
        assert anyone.call("get", f"/concerts/{world.concert.id}").json() == listed

    def test_have_performances_those_on_sale_first(self, world, anyone):
        over = make_performance(world.concert, starts_in=timedelta(days=1))
        Performance.objects.filter(pk=over.pk).update(sales_close_at=now() - timedelta(days=1))
        told = anyone.call("get", f"/concerts/{world.concert.id}/performances").json()
        assert set(told) == {"results", "next", "previous"}
        assert [p["sale"] for p in told["results"]] == ["on_sale", "closed"]
        assert set(told["results"][0]) == {
            "id", "concert", "venue", "starts_at", "sales_open_at", "sales_close_at", "sale", "seats", "remaining",
            "seat_limit",
        }  # fmt: skip
        assert (told["results"][0]["seats"], told["results"][0]["remaining"]) == (12, 12)

    def test_are_ranked_by_confirmed_reservations(self, programme, anyone):
        programme.bought_by(programme.alice)
        relay()
        for period in ["", "?period=day", "?period=week", "?period=all"]:
            told = anyone.call("get", f"/concerts/popular{period}").json()
            assert (told["next"], told["previous"]) == (None, None)
            (first,) = told["results"]
            assert set(first) == {"rank", "concert", "reservations"}
            assert (first["rank"], first["reservations"]) == (1, 1)
            assert first["concert"]["id"] == str(programme.concert.id)
        refused(anyone.call("get", "/concerts/popular?period=year"), 400, "invalid")


class TestTheSeatingPlan:
    def url(self, world):
        return f"/performances/{world.performance.id}/seating-plan"

    def test_tells_every_seat(self, world, anyone):
        told = anyone.call("get", self.url(world)).json()
        assert {"sections", "areas"} <= set(told)
        seats = [seat for section in told["sections"] for row in section["rows"] for seat in row["seats"]]
        assert [seat["id"] for seat in seats] == [str(seat.id) for seat in world.seats]
        keys = {"id", "label", "grade", "price", "x", "y", "accessible", "restricted_view"}
        assert all(set(seat) == keys and seat["price"] == PRICE for seat in seats)
        assert set(told["sections"][0]) == {"name", "rows"} and set(told["sections"][0]["rows"][0]) == {
            "label",
            "seats",
        }

    def test_gives_a_grade_to_seats_only(self, world, anyone):
        body = anyone.call("get", self.url(world)).content.decode()
        assert body.count('"grade":') == 12

    def test_is_not_sent_again_unchanged(self, world, anyone):
        first = anyone.call("get", self.url(world))
        assert "public" in first["Cache-Control"]
        unchanged = anyone.call("get", self.url(world), **{"If-None-Match": first["ETag"]})
        assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", first["ETag"])
        assert anyone.call("get", self.url(world), **{"If-None-Match": '"another"'}).status_code == 200

    def test_does_not_change_with_what_is_sold(self, world, anyone):
        first = anyone.call("get", self.url(world))
        world.bought_by(world.alice)
        again = anyone.call("get", self.url(world))
        assert (again.content, again["ETag"]) == (first.content, first["ETag"])


class TestAvailability:
    def test_is_sparse_and_says_what_is_mine(self, world):
        world.held_by(world.alice, world.seats[3])
        world.held_by(world.bob, world.seats[5])
        path = f"/performances/{world.performance.id}/availability"
        seen = world.alice.call("get", path, concert=world.concert).json()
        assert set(seen) == {"version", "remaining", "unavailable", "mine"}
        assert seen["remaining"] == {"R": 10}
        assert set(seen["unavailable"]) == {str(world.seats[3].id), str(world.seats[5].id)}
        assert seen["mine"] == [str(world.seats[3].id)]

    def test_has_a_version_that_tells_whether_it_changed(self, world):
        def seen():
            path = f"/performances/{world.performance.id}/availability"
            return world.bob.call("get", path, concert=world.concert).json()

        world.admit()
        empty = seen()
        assert seen() == empty
        held = world.held_by(world.alice)
        taken = seen()
        lapse(held)
        assert seen() == empty and taken["version"] != empty["version"]
        world.held_by(world.bob)
        assert seen()["unavailable"] == taken["unavailable"] and seen()["version"] != taken["version"]


def hold_directly(performance, seats, *, fan):
    """As where no place was needed."""
    return holding.hold(performance=performance, seat_ids=[seat.id for seat in seats], user_id=fan.user.id)


class TestTheQueueToken:
    """Asked for by availability, hold and payment alike."""

    @pytest.fixture
    def requests(self, world):
        world.admit(world.alice)
        held = Reservation.objects.get(id=world.alice.hold(world.performance, world.seats[0]).json()["id"])
        Reservation.objects.update(place=f"{world.concert.id}:0")  # so that the payment needs a place of its own
        body = {"performance": str(world.performance.id), "seats": [str(world.seats[1].id)]}

        def send(**headers):
            yield world.alice.call("get", f"/performances/{world.performance.id}/availability", **headers)
            yield world.alice.call("post", "/reservations", body, **headers)
            yield world.alice.call("post", f"/reservations/{held.id}/payment", key=uuid4(), **headers)

        return send

    def test_is_required(self, requests):
        for answer in [*requests(), *requests(**{"Queue-Token": ""})]:
            refused(answer, 403, "queue_token_required")

    def test_is_refused_when_made_up(self, requests):
        for token in ["made-up", "a:b", "a:b:c", "é", "\xff" * 10, "x" * 5000, "W10:abc"]:
            for answer in requests(**{"Queue-Token": token}):
                refused(answer, 403, "queue_token_invalid")

    def test_is_refused_when_it_is_anothers(self, world, requests):
        world.admit(world.bob)
        for answer in requests(**queue_token(world.bob, world.concert)):
            refused(answer, 403, "queue_token_invalid")

    def test_is_refused_when_it_is_of_another_concert(self, world, requests):
        other = Concert.objects.create(title="Other", artist="Others")
        Room.objects.create(concert_id=other.id, state=Room.State.OPEN)
        world.alice.enter(other)
        for answer in requests(**queue_token(world.alice, other)):
            refused(answer, 403, "queue_token_invalid")

    def test_is_refused_when_our_key_has_signed_something_else(self, world, requests):
        for foreign in [signing.dumps([1]), signing.Signer(salt="other").sign_object(["a", "b", 1, 0])]:
            for answer in requests(**{"Queue-Token": foreign}):
                refused(answer, 403, "queue_token_invalid")

    def test_is_not_active_after_leaving_nor_while_waiting_again(self, world, requests):
        left = queue_token(world.alice, world.concert)
        assert world.alice.call("delete", f"/waiting-rooms/{world.concert.id}/place").status_code == 204
        world.alice.enter(world.concert)
        for token in [left, queue_token(world.alice, world.concert)]:
            for answer in requests(**token):
                refused(answer, 403, "queue_token_not_active")

    def test_is_not_active_when_its_time_is_over_whatever_it_says(self, world, requests, redis):
        place = passes.read(world.alice.tokens[str(world.concert.id)])
        eternal = passes.issue(
            account_id=world.alice.user.id,
            concert_id=world.concert.id,
            number=place.number,
            active_until=now() + timedelta(days=1),
        )
        world.alice.call("delete", f"/waiting-rooms/{world.concert.id}/place")
        for answer in requests(**{"Queue-Token": eternal}):
            refused(answer, 403, "queue_token_not_active")

    def test_is_not_active_once_it_is_used(self, world):
        world.bought_by(world.alice)
        relay()
        refused(world.alice.hold(world.performance, world.seats[1]), 403, "queue_token_not_active")

    def test_of_a_hold_pays_it_also_after_it_has_expired(self, world):
        held = world.held_by(world.alice)
        world.alice.call("delete", f"/waiting-rooms/{world.concert.id}/place")
        assert world.alice.pay(held.id, world.concert).status_code == 200

    def test_is_not_asked_for_to_pay_what_was_held_while_the_room_was_off(self, world):
        held = hold_directly(world.performance, world.seats[:1], fan=world.alice)
        assert world.alice.pay(held.id, world.concert).status_code == 200

    def test_is_not_asked_for_where_the_room_is_off(self, world, anyone):
        concert = Concert.objects.create(title="Small", artist="The Few")
        performance = make_performance(concert)
        place = world.alice.enter(concert)
        assert place.status_code == 200
        assert (place.json()["token"], place.json()["status"], place.json()["number"]) == (None, "ACTIVE", None)
        assert world.alice.call("get", f"/performances/{performance.id}/availability").status_code == 200
        held = world.alice.hold(performance, performance.seats.first())
        assert held.status_code == 201
        paid = world.alice.call("post", f"/reservations/{held.json()['id']}/payment", key=uuid4())
        assert paid.json()["status"] == "CONFIRMED"


class TestTheWaitingRoom:
    PLACE = {"token", "status", "number", "ahead", "eta_seconds", "poll_after_seconds", "expires_at", "ticket", "delay"}

    def test_is_told_to_anyone_and_cached(self, world, anyone):
        answer = anyone.call("get", f"/waiting-rooms/{world.concert.id}")
        assert answer.json() == {
            "state": "OPEN",
            "serving_number": 0,
            "waiting": 0,
            "pace_per_minute": 0,
            "opens_at": None,
            "remaining_seats": 12,
            "stock": None,
            "sold_out": False,
            "line": [],
            "delay": None,
            "announcement": "",
            "asks_proof": False,
        }
        assert "public" in answer["Cache-Control"]
        again = anyone.call("get", f"/waiting-rooms/{world.concert.id}", **{"If-None-Match": answer["ETag"]})
        assert (again.status_code, again.content) == (304, b"")

    def test_gives_one_place_to_an_account(self, world):
        path = f"/waiting-rooms/{world.concert.id}/place"
        refused(world.alice.call("get", path), 404, "no_place")
        first, again = world.alice.call("post", path), world.alice.call("post", path)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json() == world.alice.call("get", path).json()
        assert set(first.json()) == self.PLACE
        assert first.json()["expires_at"] is None and first.json()["status"] == "WAITING"

    def test_tells_the_end_of_the_active_time(self, world):
        world.admit(world.alice)
        told = world.alice.call("get", f"/waiting-rooms/{world.concert.id}/place").json()
        assert told["status"] == "ACTIVE" and WITH_OFFSET.match(told["expires_at"])
        assert told["eta_seconds"] == {"low": 0, "high": 0}

    def test_is_left_by_delete(self, world):
        path = f"/waiting-rooms/{world.concert.id}/place"
        world.alice.call("post", path)
        assert world.alice.call("delete", path).status_code == 204
        refused(world.alice.call("get", path), 404, "no_place")

    def test_may_be_closed(self, world):
        concert = Concert.objects.create(title="Closed", artist="The Late")
        Room.objects.create(concert_id=concert.id, state=Room.State.CLOSED)
        refused(world.alice.call("post", f"/waiting-rooms/{concert.id}/place"), 409, "room_closed")


class TestHolding:
    def test_answers_with_the_reservation(self, world):
        world.admit(world.alice)
        answer = world.alice.hold(world.performance, *world.seats[:2])
        told = answer.json()
        assert answer.status_code == 201 and set(told) == RESERVATION
        assert (told["status"], told["amount"], told["failure"]) == ("HELD", 2 * PRICE, None)
        assert told["performance"] == str(world.performance.id)
        assert sorted(told["seats"]) == sorted(str(seat.id) for seat in world.seats[:2])
        assert WITH_OFFSET.match(told["held_until"]) and WITH_OFFSET.match(told["created_at"])
        assert world.alice.call("get", f"/reservations/{told['id']}").json() == told
        assert world.alice.call("get", "/reservations").json()["results"] == [told]

    def test_of_taken_seats_names_them_and_offers_others(self, world):
        world.held_by(world.alice, world.seats[0])
        world.admit(world.bob)
        answer = world.bob.hold(world.performance, world.seats[0], world.seats[1])
        told = refused(answer, 409, "seats_unavailable", members={"unavailable", "alternatives"})
        assert told["unavailable"] == [str(world.seats[0].id)]
        assert set(told["alternatives"]) <= {str(seat.id) for seat in world.seats[1:]} and told["alternatives"]

    def test_of_more_than_a_fan_may_have_is_refused(self, world):
        world.admit(world.alice)
        refused(world.alice.hold(world.performance, *world.seats[:5]), 409, "seat_limit_exceeded")
        world.alice.hold(world.performance, world.seats[0])
        refused(world.alice.hold(world.performance, world.seats[1]), 409, "seat_limit_exceeded")

    @pytest.mark.parametrize("when", [{"sales_open_at": timedelta(1)}, {"sales_close_at": timedelta(-1)}])
    def test_outside_the_sale_is_refused(self, world, when):
        Performance.objects.update(**{field: now() + delta for field, delta in when.items()})
        world.admit(world.alice)
        refused(world.alice.hold(world.performance, world.seats[0]), 409, "sales_closed")


class TestMyReservations:
    def test_are_told_by_status_and_by_pages(self, world):
        Performance.objects.update(seat_limit=12)
        bought = [world.bought_by(world.alice, seat) for seat in world.seats[:3]]
        relay()
        held = world.held_by(world.alice, world.seats[3])
        forth, back = all_pages(world.alice, "/api/v1/reservations?page_size=1")
        assert [row["id"] for row in sum(forth, [])] == [str(r.id) for r in [held, *bought[::-1]]]
        assert back == forth[:-1]
        assert len(world.alice.call("get", "/reservations?status=CONFIRMED").json()["results"]) == 3
        refused(world.alice.call("get", "/reservations?status=SOLD"), 400, "invalid")

    def test_show_a_hold_whose_time_is_over_as_expired_at_once(self, world):
        held = world.held_by(world.alice)
        lapse(held)
        assert world.alice.call("get", f"/reservations/{held.id}").json()["status"] == "EXPIRED"
        assert world.alice.call("get", "/reservations?status=HELD").json()["results"] == []
        assert len(world.alice.call("get", "/reservations?status=EXPIRED").json()["results"]) == 1

    def test_have_a_timeline(self, world):
        bought = world.bought_by(world.alice)
        told = world.alice.call("get", f"/reservations/{bought.id}/timeline").json()
        assert set(told) == {"results", "next", "previous"}
        assert [line["to_status"] for line in told["results"]] == ["HELD", "PAYING", "CONFIRMED"]

    def test_are_given_up_while_they_are_held(self, world):
        held = world.held_by(world.alice)
        assert world.alice.call("delete", f"/reservations/{held.id}").status_code == 204
        assert world.alice.call("get", f"/reservations/{held.id}").json()["status"] == "RELEASED"
        refused(world.alice.call("delete", f"/reservations/{held.id}"), 409, "wrong_status")

    def test_are_not_given_up_once_their_time_is_over(self, world):
        held = world.held_by(world.alice)
        lapse(held)
        refused(world.alice.call("delete", f"/reservations/{held.id}"), 409, "wrong_status")


class TestPaying:
    def test_confirms(self, world):
        held = world.held_by(world.alice)
        answer = world.alice.pay(held.id, world.concert)
        assert answer.status_code == 200 and set(answer.json()) == RESERVATION
        assert (answer.json()["status"], world.alice.balance) == ("CONFIRMED", 900_000)

    def test_is_202_while_payments_has_not_answered(self, world, settings):
        settings.PUSH_AFTER_COMMIT = False
        held, key = world.held_by(world.alice), uuid4()
        answer = world.alice.pay(held.id, world.concert, key=key)
        assert (answer.status_code, answer.json()["status"]) == (202, "PAYING")
        assert answer["Location"].endswith(f"/api/v1/reservations/{held.id}") and int(answer["Retry-After"]) >= 1
        assert world.alice.client.get(answer["Location"]).json() == answer.json()
        relay()
        assert world.alice.pay(held.id, world.concert, key=key).json()["status"] == "CONFIRMED"
        assert world.alice.balance == 900_000

    def test_with_too_few_points_is_402_with_the_failed_reservation(self, world):
        poor = Fan.sign_up("Poor", points=PRICE - 1)
        held = world.held_by(poor)
        told = refused(poor.pay(held.id, world.concert), 402, "insufficient_points", members={"reservation"})
        assert set(told["reservation"]) == RESERVATION
        assert (told["reservation"]["status"], told["reservation"]["failure"]) == ("FAILED", "insufficient_points")
        assert poor.balance == PRICE - 1

    def test_too_late_is_refused_whether_or_not_the_sweep_has_run(self, world):
        held = world.held_by(world.alice)
        lapse(held)
        refused(world.alice.pay(held.id, world.concert), 409, "hold_expired")
        Reservation.objects.get(pk=held.pk).expire()
        refused(world.alice.pay(held.id, world.concert), 409, "hold_expired")

    def test_twice_is_refused(self, world):
        bought = world.bought_by(world.alice)
        refused(world.alice.pay(bought.id, world.concert), 409, "wrong_status")
        assert world.alice.balance == 900_000

    def test_that_no_answer_came_to_is_not_called_too_few_points(self, world, settings):
        settings.PUSH_AFTER_COMMIT = False
        held, key = world.held_by(world.alice), uuid4()
        world.alice.pay(held.id, world.concert, key=key)
        Reservation.objects.get(pk=held.pk).fail(reason="payment_unanswered", cause="a test")
        refused(world.alice.pay(held.id, world.concert, key=key), 409, "wrong_status")


class TestCancelling:
    def quote(self, fan, reservation):
        return fan.call("get", f"/reservations/{reservation.id}/cancellation")

    def test_gives_back_what_was_quoted(self, world):
        bought = world.bought_by(world.alice)
        quoted = self.quote(world.alice, bought).json()
        assert set(quoted) == {"fee", "refund", "rule"} and (quoted["fee"], quoted["refund"]) == (0, PRICE)
        answer = world.alice.cancel(bought.id, refund=PRICE)
        assert answer.status_code == 200 and set(answer.json()) == RESERVATION | {"refund", "fee"}
        assert (answer.json()["status"], answer.json()["refund"]) == ("CANCELLED", PRICE)
        assert world.alice.balance == 1_000_000

    def test_is_refused_when_the_quote_has_changed(self, world):
        bought = world.bought_by(world.alice)
        refused(world.alice.cancel(bought.id, refund=PRICE - 1), 409, "quote_changed")
        refused(world.alice.cancel(bought.id, refund=2**70), 409, "quote_changed")
        assert world.alice.balance == 900_000

    def test_costs_what_the_concerts_fees_say(self, world):
        bought = world.bought_by(world.alice)
        Reservation.objects.update(confirmed_at=now() - timedelta(days=2))
        CancellationTier.objects.create(concert=world.concert, days_before=0, fee_percent=33)
        assert self.quote(world.alice, bought).json()["fee"] == 33_000
        assert world.alice.cancel(bought.id).json()["refund"] == 67_000
        assert world.alice.balance == 967_000

    def test_is_for_confirmed_reservations_only(self, world):
        held = world.held_by(world.alice)
        refused(self.quote(world.alice, held), 409, "wrong_status")
        refused(world.alice.cancel(held.id), 409, "wrong_status")

    def test_twice_is_refused(self, world):
        bought = world.bought_by(world.alice)
        world.alice.cancel(bought.id)
        refused(world.alice.cancel(bought.id), 409, "wrong_status")
        assert world.alice.balance == 1_000_000

    def test_after_the_start_is_too_late(self, world):
        bought = world.bought_by(world.alice)
        start = now() - timedelta(minutes=1)
        Performance.objects.update(sales_close_at=start, starts_at=start)
        refused(self.quote(world.alice, bought), 409, "too_late")
        refused(world.alice.cancel(bought.id), 409, "too_late")


class TestTheTicket:
    def ticket(self, fan, reservation, accept):
        return fan.call("get", f"/reservations/{reservation.id}/ticket", Accept=accept)

    def test_carries_what_the_door_reads(self, world):
        told = self.ticket(world.alice, world.bought_by(world.alice), "*/*").json()
        assert set(told) == {"reservation", "concert", "starts_at", "venue", "seats", "qr_payload"}
        assert (told["concert"], told["venue"], len(told["seats"])) == ("Night Flight", "The Cellar", 1)

    def test_comes_as_a_picture_to_whom_asks_for_one(self, world):
        bought = world.bought_by(world.alice)
        for accept, kind, start in [
            ("image/svg+xml", "image/svg+xml", b"<svg"),
            ("application/pdf;q=1", "application/pdf", b"%PDF"),
            ("text/html, application/json, image/svg+xml;q=0.1", "application/json", b"{"),
            ("nonsense", "application/json", b"{"),
        ]:
            answer = self.ticket(world.alice, bought, accept)
            assert answer["Content-Type"] == kind and answer.content.startswith(start)

    def test_is_for_confirmed_reservations_only(self, world):
        refused(self.ticket(world.alice, world.held_by(world.alice), "image/svg+xml"), 409, "wrong_status")


class TestPoints:
    def test_are_charged(self, world):
        answer = world.alice.call("post", "/points/charges", {"amount": 500}, key=uuid4())
        assert answer.status_code == 201 and set(answer.json()) == {"id", "amount", "balance", "status"}
        told = answer.json()
        assert (told["amount"], told["balance"], told["status"]) == (500, 1_000_500, "SUCCEEDED")
        assert world.alice.call("get", "/points").json() == {"balance": 1_000_500}

    def test_are_charged_within_limits(self, world):
        for amount in [0, -1, 2_000_001, 2**63, 10**300]:
            answer = world.alice.call("post", "/points/charges", {"amount": amount}, key=uuid4())
            refused(answer, 400, "amount_out_of_range")
        assert world.alice.balance == 1_000_000

    def test_are_charged_up_to_the_largest_balance(self, world, settings):
        settings.BALANCE_MAXIMUM = 1_000_005
        refused(world.alice.call("post", "/points/charges", {"amount": 6}, key=uuid4()), 400, "amount_out_of_range")
        assert world.alice.call("post", "/points/charges", {"amount": 5}, key=uuid4()).status_code == 201

    @pytest.mark.parametrize("fault,status", [("decline", "DECLINED"), ("unknown", "PENDING")])
    def test_are_not_there_before_the_gateway_says_so(self, world, settings, fault, status):
        settings.SANDBOX_GATEWAY_FAULT = fault
        told = world.alice.call("post", "/points/charges", {"amount": 5}, key=uuid4()).json()
        assert (told["status"], told["balance"]) == (status, 1_000_000)

    def test_have_a_ledger_newest_first(self, world):
        bought = world.bought_by(world.alice)
        forth, back = all_pages(world.alice, "/api/v1/points/entries?page_size=1")
        assert [(entry["kind"], entry["amount"]) for entry in sum(forth, [])] == [
            ("debit", -PRICE),
            ("charge", 1_000_000),
        ]
        assert back == forth[:-1]
        assert set(forth[0][0]) == {"id", "kind", "key", "amount", "balance_after", "at"}
        assert forth[0][0]["key"] == str(bought.id)

    def test_are_none_for_a_new_account(self, world):
        new = Fan.sign_up("New")
        assert new.call("get", "/points").json() == {"balance": 0}
        assert new.call("get", "/points/entries").json() == {"next": None, "previous": None, "results": []}
