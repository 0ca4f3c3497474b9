import base64
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from altcha import Challenge, Payload, solve_challenge
from rest_framework.test import APIClient

from events import bus
from queueing import levers, proof, rooms, ticks
from queueing.models import Room
from queueing.tests.world import OPERATOR, make_room

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.urls("queueing.api.urls")]
START = datetime(2030, 5, 1, 20, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cheap(settings):
    settings.QUEUE_PROOF_COST = 4


@pytest.fixture
def room():
    return make_room(asks_proof=True, max_active=1)


class Fan:
    """Somebody with an account and an app that can compute."""

    def __init__(self):
        self.account_id = uuid4()
        self.client = APIClient()
        self.client.force_authenticate(SimpleNamespace(pk=self.account_id, is_authenticated=True))

    def challenge(self, room):
        return self.client.get(f"/waiting-rooms/{room.concert_id}/challenge").json()

    def solve(self, room):
        return solved(self.challenge(room)["challenge"])

    def enter(self, room, **body):
        return self.client.post(f"/waiting-rooms/{room.concert_id}/place", body, format="json")


@pytest.fixture
def alice():
    return Fan()


@pytest.fixture
def bob():
    return Fan()


def solved(challenge) -> str:
    task = Challenge.from_dict(challenge)
    return Payload(task, solve_challenge(task)).to_base64()


def changed(payload, change) -> str:
    """The same with something else in it."""
    told = json.loads(base64.b64decode(payload))
    change(told)
    return base64.b64encode(json.dumps(told).encode()).decode()


def refusal(answer):
    return answer.status_code, answer.json()["code"]


REQUIRED, INVALID = (403, "proof_required"), (403, "proof_invalid")


class TestARoomThatAsksForProof:
    def test_lets_nobody_in_line_without_one(self, room, alice):
        assert refusal(alice.enter(room)) == REQUIRED
        assert refusal(alice.enter(room, proof="")) == REQUIRED
        assert rooms.front(concert_id=room.concert_id).waiting == 0

    def test_gives_a_place_for_one(self, room, alice):
        answer = alice.enter(room, proof=alice.solve(room))
        assert (answer.status_code, answer.json()["number"]) == (201, 1)

    def test_asks_nothing_of_who_waits_or_is_in(self, room, alice):
        first = alice.enter(room, proof=alice.solve(room)).json()
        assert alice.enter(room).json() == first
        ticks.tick(room=room)
        assert alice.enter(room).json()["status"] == "ACTIVE"
        assert alice.challenge(room) == {"required": False}

    def test_asks_again_of_who_has_left_or_bought(self, room, alice):
        alice.enter(room, proof=alice.solve(room))
        ticks.tick(room=room)
        rooms.use(concert_id=room.concert_id, account_id=alice.account_id, number=1)
        assert refusal(alice.enter(room)) == REQUIRED
        alice.enter(room, proof=alice.solve(room))
        rooms.leave(concert_id=room.concert_id, account_id=alice.account_id)
        assert refusal(alice.enter(room)) == REQUIRED

    def test_asks_before_the_opening_as_well(self, alice):
        assert refusal(alice.enter(make_room(Room.State.BEFORE_OPENING, asks_proof=True))) == REQUIRED

    def test_asks_nothing_while_it_is_off(self, alice):
        room = make_room(Room.State.OFF, asks_proof=True)
        assert alice.challenge(room) == {"required": False}
        assert alice.enter(room).json()["status"] == "ACTIVE"

    def test_that_is_closed_says_so_and_asks_nothing(self, alice):
        room = make_room(Room.State.CLOSED, asks_proof=True)
        assert alice.challenge(room) == {"required": False}
        assert refusal(alice.enter(room)) == (409, "room_closed")

    @pytest.mark.only_redis
    def test_lets_nobody_in_line_while_redis_is_away(self, room, alice, settings):
        payload = alice.solve(room)
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
        assert refusal(alice.enter(room, proof=payload)) == (503, "room_unavailable")


class TestTheLever:
    def test_asks_from_now_on_and_no_longer(self, alice, django_capture_on_commit_callbacks):
        room = make_room()
        assert alice.challenge(room) == {"required": False}
        with django_capture_on_commit_callbacks(using=bus.home(Room), execute=True):
            levers.ask_proof(room, asks_proof=True, **OPERATOR)
        assert refusal(alice.enter(room)) == REQUIRED
        with django_capture_on_commit_callbacks(using=bus.home(Room), execute=True):
            levers.ask_proof(room, asks_proof=False, **OPERATOR)
        assert alice.enter(room).status_code == 201


class TestARoomThatDoesNotAsk:
    def test_needs_no_proof(self, alice):
        room = make_room()
        assert alice.challenge(room) == {"required": False}
        assert alice.enter(room).status_code == 201

    @pytest.mark.only_redis
    def test_asks_the_database_nothing_of_who_comes(self, alice, bob, django_assert_num_queries):
        room = make_room()
        alice.enter(room)
        with django_assert_num_queries(0, using=bus.home(Room)):
            assert bob.enter(room).status_code == 201

    def test_does_not_mind_a_proof_or_nonsense(self, alice, bob):
        room = make_room()
        assert alice.enter(room, proof="anything").status_code == 201
        assert bob.client.post(f"/waiting-rooms/{room.concert_id}/place", [1], format="json").status_code == 201


class TestAProof:
    def test_of_another_account_is_refused(self, room, alice, bob):
        assert refusal(bob.enter(room, proof=alice.solve(room))) == INVALID

    def test_of_another_room_is_refused(self, room, alice):
        other = make_room(asks_proof=True)
        assert refusal(alice.enter(room, proof=alice.solve(other))) == INVALID

    def test_gives_one_place_however_often_it_is_sent(self, room, alice):
        payload = alice.solve(room)
        answers = [alice.enter(room, proof=payload) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 200, 200]
        assert {answer.json()["number"] for answer in answers} == {1}

    def test_with_the_same_key_gives_the_first_answer_again(self, room, alice):
        alice.client.credentials(HTTP_IDEMPOTENCY_KEY="k1")
        payload = alice.solve(room)
        first, again = alice.enter(room, proof=payload), alice.enter(room, proof=payload)
        assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())

    @pytest.mark.parametrize(
        "change",
        [
            lambda told: told["solution"].update(derivedKey="00" * 32),
            lambda told: told["solution"].update(derivedKey=told["challenge"]["parameters"]["keyPrefix"]),
            lambda told: told["challenge"]["parameters"].update(cost=1),
            lambda told: told["challenge"]["parameters"].update(keyPrefix=""),
            lambda told: told["challenge"]["parameters"].update(expiresAt=2**40),
            lambda told: told["challenge"]["parameters"].pop("keySignature"),
            lambda told: told["challenge"].update(signature="00" * 32),
            lambda told: told["challenge"].pop("signature"),
            lambda told: told.pop("solution"),
        ],
    )
    def test_that_was_changed_is_refused(self, room, alice, change):
        assert refusal(alice.enter(room, proof=changed(alice.solve(room), change))) == INVALID

    @pytest.mark.parametrize("nonsense", ["x", "é", "e30=", "W10=", "bnVsbA==", "x" * 10_000, 1, ["x"], {"a": 1}])
    def test_that_is_none_is_refused(self, room, alice, nonsense):
        assert refusal(alice.enter(room, proof=nonsense)) == INVALID

    @pytest.mark.parametrize("body", ["[1]", "null", '"x"', "7"])
    def test_is_missing_where_the_body_is_something_else(self, room, alice, body):
        url = f"/waiting-rooms/{room.concert_id}/place"
        assert refusal(alice.client.post(url, body, content_type="application/json")) == REQUIRED

    def test_is_good_for_ten_minutes(self):
        fan = {"concert_id": uuid4(), "account_id": uuid4()}
        payload = solved(proof.challenge(**fan, now=START))
        proof.check(payload, **fan, now=START + timedelta(seconds=599))
        with pytest.raises(proof.ProofInvalid):
            proof.check(payload, **fan, now=START + timedelta(seconds=600))

    def test_of_the_past_is_refused_by_the_real_clock(self):
        fan = {"concert_id": uuid4(), "account_id": uuid4()}
        payload = solved(proof.challenge(**fan, now=datetime(2026, 1, 1, tzinfo=UTC)))
        with pytest.raises(proof.ProofInvalid):
            proof.check(payload, **fan)


class TestAChallenge:
    def test_takes_at_least_half_of_the_attempts_that_it_tells(self, settings):
        settings.QUEUE_PROOF_COST = 9
        for _ in range(20):
            challenge = proof.challenge(concert_id=uuid4(), account_id=uuid4())
            assert challenge["parameters"]["data"] == {"attempts": 9}
            assert 4 <= solve_challenge(Challenge.from_dict(challenge)).counter < 9

    def test_is_another_one_each_time(self, room, alice):
        assert alice.challenge(room) != alice.challenge(room)

    def test_is_for_fans_with_an_account(self, room):
        answer = APIClient().get(f"/waiting-rooms/{room.concert_id}/challenge")
        assert refusal(answer) == (401, "not_authenticated")

    def test_is_kept_by_no_cache(self, room, alice):
        assert alice.client.get(f"/waiting-rooms/{room.concert_id}/challenge")["Cache-Control"] == "no-store"
