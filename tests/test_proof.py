"""Proof of work by an app with a bearer token, whose entering goes past DRF; with an Idempotency-Key it does not."""

from uuid import uuid4

import pytest
from altcha import Challenge, Payload, solve_challenge
from rest_framework.test import APIClient

from queueing import levers


@pytest.fixture(autouse=True)
def cheap(settings):
    settings.QUEUE_PROOF_COST = 4


@pytest.fixture
def path(world):
    levers.ask_proof(world.room, asks_proof=True, operator="Olga", reason="a test")
    return f"/waiting-rooms/{world.concert.id}/place"


def solved(fan, concert):
    task = Challenge.from_dict(fan.call("get", f"/waiting-rooms/{concert.id}/challenge").json()["challenge"])
    return Payload(task, solve_challenge(task)).to_base64()


def refusal(answer):
    return answer.status_code, answer.json()["code"]


class TestAnApp:
    @pytest.mark.parametrize("key", [None, "a key"])
    def test_enters_with_a_proof_and_not_without(self, world, path, key):
        key = key and uuid4()
        assert refusal(world.alice.call("post", path)) == (403, "proof_required")
        assert refusal(world.alice.call("post", path, {"proof": "x"})) == (403, "proof_invalid")
        answer = world.alice.call("post", path, {"proof": solved(world.alice, world.concert)}, key=key)
        assert answer.status_code == 201, answer.content
        assert world.alice.call("post", path).status_code == 200

    def test_enters_with_its_own_proof_only(self, world, path):
        proof = solved(world.alice, world.concert)
        assert refusal(world.bob.call("post", path, {"proof": proof})) == (403, "proof_invalid")

    @pytest.mark.parametrize("body", ["", "{", "[1]", "null", "[" * 100_000, b"\xff"])
    def test_that_sends_something_else_is_asked_for_the_proof(self, world, path, body):
        answer = world.alice.client.post(f"/api/v1{path}", body, content_type="application/json")
        assert refusal(answer) == (403, "proof_required")

    def test_whose_place_redis_has_lost_gets_it_back_by_its_token(self, world, path, redis):
        for fan in (world.bob, world.alice):
            answer = fan.call("post", path, {"proof": solved(fan, world.concert)})
        redis.flushdb()
        token = {"Queue-Token": answer.json()["token"]}
        again = world.alice.call("post", path, **token)
        assert (again.status_code, again.json()["number"]) == (200, 2)
        assert refusal(world.bob.call("post", path)) == (403, "proof_required")

    def test_needs_an_account(self, path):
        assert APIClient().post(f"/api/v1{path}").status_code == 401
