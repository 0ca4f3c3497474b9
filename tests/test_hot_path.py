"""Entering and asking go past DRF and the database; what they promise is the same."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.models import ApiToken, User
from accounts.revocations import known
from events import bus
from tests.world import Fan


@pytest.fixture
def place(world):
    return f"/waiting-rooms/{world.concert.id}/place"


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer["Content-Type"] == "application/problem+json" and answer.json()["trace_id"] == answer["Trace-Id"]


class TestAskingForAPlace:
    @pytest.fixture(autouse=True)
    def known_to_this_process(self, world, place):
        """Who exists, and what has been revoked."""
        world.alice.call("post", place)

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_asks_no_database(self, world, place, method):
        """But for what has been revoked, which a process reads once in a while: at most some of the ten meet that."""
        assert min(self.queries_of(world.alice, method, place) for _ in range(10)) == 0

    def queries_of(self, fan, method, place):
        with CaptureQueriesContext(connections[bus.home(ApiToken)]) as queries:
            assert fan.call(method, place).status_code == 200
        return len(queries)

    def test_looks_the_same_as_through_drf(self, world, place):
        quick, slow = world.alice.call("post", place), world.alice.call("post", place, key="k")
        assert (quick.status_code, quick.content, quick["Content-Type"]) == (
            slow.status_code,
            slow.content,
            slow["Content-Type"],
        )

    def test_is_refused_in_the_same_words(self, world, place):
        refused(world.bob.call("get", place), 404, "no_place")
        refused(world.bob.call("get", "/waiting-rooms/00000000-0000-4000-8000-000000000000/place"), 404, "not_found")
        refused(world.bob.call("put", place), 405, "method_not_allowed")

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_is_over_when_the_fan_signs_out(self, world, place, method):
        assert world.alice.call("delete", "/sessions/current").status_code == 204
        refused(world.alice.call(method, place), 401, "not_authenticated")

    @pytest.mark.parametrize(
        "end",
        [
            lambda: User.objects.update(is_active=False),
            lambda: User.objects.all().delete(),
            lambda: ApiToken.objects.all().delete(),
            lambda: ApiToken.objects.update(expires_at=now()),
        ],
        ids=["is stopped", "is deleted", "loses its tokens", "has tokens that are shortened"],
    )
    def test_is_over_when_the_process_next_hears_that_the_account(self, world, place, end):
        end()
        known.is_due()
        refused(world.alice.call("get", place), 401, "not_authenticated")

    def test_goes_on_when_a_stopped_account_works_again(self, world, place):
        User.objects.update(is_active=False)
        known.is_due()
        refused(world.alice.call("get", place), 401, "not_authenticated")
        User.objects.update(is_active=True)
        assert world.alice.call("get", place).status_code == 200

    def test_is_answered_to_a_token_of_before_there_was_a_signature(self, world, place):
        dora = Fan.sign_up("Dora")
        row, _ = ApiToken.issue(user=dora.user, now=now())
        ApiToken.objects.filter(pk=row.pk).update(
            digest="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
        )
        dora.client.credentials(HTTP_AUTHORIZATION="Bearer foo")
        assert dora.call("post", place).status_code == 201


class TestJson:
    def test_carries_the_policy_of_a_page(self, world, client):
        page, json = client.get("/sign-in"), APIClient().get("/api/v1/concerts")
        assert json["Content-Security-Policy"] == page["Content-Security-Policy"] != ""

    def test_is_in_the_language_that_each_asks_for(self, world):
        def told(language):
            return APIClient().get("/api/v1/me", headers={"Accept-Language": language})

        for _ in range(2):
            answers = {language: told(language) for language in ("ko", "en", "ko-KR,en;q=0.5", "xx")}
            assert [answer["Content-Language"] for answer in answers.values()] == ["ko", "en", "ko", "en"]
            assert answers["ko"].json()["detail"] != answers["en"].json()["detail"]
            assert all("Accept-Language" in answer["Vary"] for answer in answers.values())
