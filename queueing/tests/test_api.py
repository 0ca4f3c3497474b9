from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from queueing import draw, passes, rooms, ticks
from queueing.api import views
from queueing.models import Room
from queueing.tests.world import make_room

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.urls("queueing.api.urls")]


def signed_in(account_id=None) -> APIClient:
    client = APIClient()
    client.force_authenticate(SimpleNamespace(pk=account_id or uuid4(), id=account_id, is_authenticated=True))
    return client


def url_of(room, resource=""):
    return f"/waiting-rooms/{room.concert_id}{resource}"


@pytest.fixture
def room():
    return make_room(max_active=1)


@pytest.fixture
def redis_calls():
    """How many scripts Redis has run for us. Of this run's own server."""

    def calls():
        stats = get_redis_connection("default").info("commandstats")
        return stats.get("cmdstat_evalsha", {"calls": 0})["calls"]

    return calls


@pytest.fixture
def alice():
    return signed_in(uuid4())


class TestEnteringByApi:
    def test_is_201_with_a_place_in_line(self, room, alice):
        answer = alice.post(url_of(room, "/place"))
        assert answer.status_code == 201
        told = answer.json()
        assert passes.read(told.pop("token")).number == 1
        assert told == {
            "status": "WAITING",
            "number": 1,
            "ticket": None,
            "ahead": 0,
            "eta_seconds": None,
            "delay": None,
            "poll_after_seconds": 1,
            "expires_at": None,
        }

    def test_again_is_200_with_the_same_place(self, room, alice):
        first = alice.post(url_of(room, "/place"))
        again = alice.post(url_of(room, "/place"))
        assert (again.status_code, again.json()) == (200, first.json())

    def test_with_the_same_key_gives_the_first_answer_again(self, room, alice):
        key = {"headers": {"Idempotency-Key": "k1"}}
        first = alice.post(url_of(room, "/place"), **key)
        again = alice.post(url_of(room, "/place"), **key)
        assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
        assert again["Idempotency-Replayed"] == "true"

    def test_needs_no_place_where_the_room_is_off(self, alice):
        answer = alice.post(url_of(make_room(Room.State.OFF), "/place"))
        assert answer.status_code == 200
        assert answer.json() == {
            "token": None,
            "status": "ACTIVE",
            "number": None,
            "ticket": None,
            "ahead": 0,
            "eta_seconds": None,
            "delay": None,
            "poll_after_seconds": None,
            "expires_at": None,
        }

    def test_is_409_where_the_room_is_closed(self, alice):
        answer = alice.post(url_of(make_room(Room.State.CLOSED), "/place"))
        assert (answer.status_code, answer.json()["code"]) == (409, "room_closed")
        assert answer["Content-Type"] == "application/problem+json"

    def test_is_401_for_a_stranger(self, room):
        answer = APIClient().post(url_of(room, "/place"))
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


class TestManyPlaces:
    @pytest.fixture(autouse=True)
    def three_at_once(self, settings):
        settings.RATE_LIMITS = True
        rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"places": "3/min"}
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}

    def test_for_one_account_are_one_place(self, room, alice):
        assert {alice.post(url_of(room, "/place")).json()["number"] for _ in range(20)} == {1}

    def test_for_one_address_are_429_after_the_first_few(self, room):
        answers = [signed_in(uuid4()).post(url_of(room, "/place")) for _ in range(20)]
        assert [answer.status_code for answer in answers] == [201] * 3 + [429] * 17
        assert answers[-1].json()["code"] == "throttled"
        assert 1 <= int(answers[-1]["Retry-After"]) <= 20
        assert rooms.front(concert_id=room.concert_id).waiting == 3

    def test_for_another_address_are_its_own(self, room):
        for _ in range(4):
            signed_in(uuid4()).post(url_of(room, "/place"))
        assert signed_in(uuid4()).post(url_of(room, "/place"), REMOTE_ADDR="10.0.0.9").status_code == 201


class TestAPlaceByApi:
    def test_is_told_to_its_owner(self, room, alice):
        entered = alice.post(url_of(room, "/place"))
        assert alice.get(url_of(room, "/place")).json() == entered.json()

    def test_is_404_without_one(self, room, alice):
        answer = alice.get(url_of(room, "/place"))
        assert (answer.status_code, answer.json()["code"]) == (404, "no_place")

    def test_carries_the_end_of_the_active_time_in_its_token(self, room, alice):
        alice.post(url_of(room, "/place"))
        ticks.tick(room=room)
        told = alice.get(url_of(room, "/place")).json()
        until = passes.read(told["token"]).active_until
        assert (told["status"], told["ahead"], told["eta_seconds"]) == ("ACTIVE", 0, {"low": 0, "high": 0})
        assert timedelta(seconds=590) < until - timezone.now() <= timedelta(seconds=600)
        assert told["expires_at"].startswith(until.strftime("%Y-%m-%dT"))

    def test_that_is_used_shows_no_token(self, room):
        account_id = uuid4()
        alice = signed_in(account_id)
        alice.post(url_of(room, "/place"))
        ticks.tick(room=room)
        rooms.use(concert_id=room.concert_id, account_id=account_id, number=1)
        told = alice.get(url_of(room, "/place")).json()
        assert (told["status"], told["token"], told["poll_after_seconds"]) == ("USED", None, None)

    def test_is_given_up_by_delete(self, room, alice):
        alice.post(url_of(room, "/place"))
        assert alice.delete(url_of(room, "/place")).status_code == 204
        assert alice.get(url_of(room, "/place")).status_code == 404
        assert alice.delete(url_of(room, "/place")).status_code == 204

    @pytest.mark.parametrize("method", ["get", "post", "delete"])
    def test_asks_who_you_are(self, room, method):
        assert getattr(APIClient(), method)(url_of(room, "/place")).status_code == 401


class TestThePublicRoom:
    def test_is_told_to_anyone(self, room):
        for _ in range(3):
            signed_in().post(url_of(room, "/place"))
        ticks.tick(room=room)
        assert APIClient().get(url_of(room)).json() == {
            "line": [[2, 0], [3, 1]],
            "stock": None,
            "sold_out": False,
            "delay": None,
            "announcement": "",
            "asks_proof": False,
            "state": "OPEN",
            "serving_number": 1,
            "waiting": 2,
            "pace_per_minute": 1,
            "opens_at": None,
            "remaining_seats": None,
        }

    def test_lets_a_client_find_itself_by_its_number_without_asking_for_its_place(self, room):
        fans = [signed_in(uuid4()) for _ in range(40)]
        numbers = [fan.post(url_of(room, "/place")).json()["number"] for fan in fans]
        ticks.tick(room=room)
        ahead = {number: place["ahead"] for number, place in zip(numbers, places_of(room, fans), strict=True)}
        for number, told in APIClient().get(url_of(room)).json()["line"]:
            assert ahead[number] == told

    def test_is_off_for_a_concert_without_a_room(self):
        assert APIClient().get(f"/waiting-rooms/{uuid4()}").json()["state"] == "OFF"

    def test_may_be_kept_by_caches_for_a_second(self, room):
        assert APIClient().get(url_of(room))["Cache-Control"] == "public, max-age=1"

    def test_is_not_sent_again_unchanged(self, room):
        etag = APIClient().get(url_of(room))["ETag"]
        unchanged = APIClient().get(url_of(room), headers={"If-None-Match": etag})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        signed_in().post(url_of(room, "/place"))
        views.fronts.forget()  # the second is over
        assert APIClient().get(url_of(room), headers={"If-None-Match": etag}).status_code == 200

    def test_is_asked_of_redis_once_a_second_however_many_ask(self, room, redis_calls):
        APIClient().get(url_of(room))
        before = redis_calls()
        assert {APIClient().get(url_of(room)).content for _ in range(20)} == {APIClient().get(url_of(room)).content}
        assert redis_calls() - before < 10  # of 22, on a machine however slow

    def test_says_when_it_opens(self):
        room = make_room(Room.State.BEFORE_OPENING, opens_at=timezone.now() + timedelta(hours=1))
        told = APIClient().get(url_of(room)).json()
        assert told["state"] == "BEFORE_OPENING"
        assert told["opens_at"].startswith(room.opens_at.strftime("%Y-%m-%dT"))


@pytest.mark.only_redis
class TestWhileRedisIsAway:
    @pytest.fixture(autouse=True)
    def gone(self, settings, room):
        settings.CACHES = {
            "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0", "OPTIONS": {}}
        }

    @pytest.mark.parametrize("method", ["get", "post", "delete"])
    def test_a_place_answers_wait(self, room, alice, method):
        answer = getattr(alice, method)(url_of(room, "/place"))
        assert (answer.status_code, answer.json()["code"]) == (503, "room_unavailable")
        assert int(answer["Retry-After"]) >= 1

    def test_the_public_room_answers_wait(self, room):
        assert APIClient().get(url_of(room)).status_code == 503

    def test_the_gate_is_told_so(self, room):
        with pytest.raises(rooms.RoomUnavailable):
            rooms.status(concert_id=room.concert_id, account_id=uuid4())

    def test_the_clock_goes_on(self):
        ticks.tick_rooms()


class TestTheDrawByApi:
    SEED = "0123456789abcdef" * 4

    def test_is_a_commitment_before_the_opening(self):
        answer = APIClient().get(url_of(make_room(seed=self.SEED), "/draw"))
        assert answer.json() == {"commitment": draw.commitment(self.SEED), "seed": None, "first": 0, "last": None}
        assert answer["Cache-Control"] == "public, max-age=5"

    def test_is_all_that_a_number_follows_from_after_it(self):
        answer = APIClient().get(url_of(make_room(seed=self.SEED, draw_first=3, draw_last=9), "/draw"))
        told = answer.json()
        assert told == {"commitment": draw.commitment(self.SEED), "seed": self.SEED, "first": 3, "last": 9}
        assert answer["Cache-Control"] == "public, max-age=3600"

    def test_is_not_sent_again_unchanged(self):
        room = make_room(seed=self.SEED)
        etag = {"If-None-Match": APIClient().get(url_of(room, "/draw"))["ETag"]}
        assert APIClient().get(url_of(room, "/draw"), headers=etag).status_code == 304
        Room.objects.filter(pk=room.pk).update(draw_last=9)
        assert APIClient().get(url_of(room, "/draw"), headers=etag).json()["seed"] == self.SEED

    def test_is_404_for_a_concert_without_a_room(self):
        answer = APIClient().get(f"/waiting-rooms/{uuid4()}/draw")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_draw")

    def test_needs_no_redis(self, settings):
        room = make_room(seed=self.SEED)
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
        assert APIClient().get(url_of(room, "/draw")).status_code == 200


def places_of(room, fans):
    return [fan.get(url_of(room, "/place")).json() for fan in fans]
