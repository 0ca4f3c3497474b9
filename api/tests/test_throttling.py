import pytest
from rest_framework.test import APIClient


@pytest.fixture
def limits(settings):
    """Switch the limits on, with these rates in place of the defaults."""

    def switch(**rates):
        settings.RATE_LIMITS = True
        defaults = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": defaults | rates}

    return switch


def sign_in(**headers):
    body = {"email": "nobody@example.com", "password": "x"}
    return APIClient().post("/api/v1/sessions", body, format="json", **headers)


class TestALimit:
    def test_refuses_what_is_too_much_and_says_when_to_come_back(self, world, limits):
        limits(read="3/min")
        answers = [world.alice.call("get", "/points") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[3].json()["code"] == "throttled" and answers[3]["Content-Type"] == "application/problem+json"
        assert 1 <= int(answers[3]["Retry-After"]) <= 20

    def test_is_of_each_account(self, world, limits):
        limits(read="1/min")
        assert [fan.call("get", "/points").status_code for fan in (world.alice, world.alice, world.bob)] == [
            200,
            429,
            200,
        ]

    def test_is_of_each_kind_of_request(self, world, limits):
        limits(read="1/min", write="1/min")
        assert world.alice.call("get", "/points").status_code == 200
        assert world.alice.call("post", "/points/charges", {"amount": 1}, key="k").status_code == 201
        assert world.alice.call("post", "/points/charges", {"amount": 1}, key="k").status_code == 429

    def test_is_of_an_address_that_the_client_can_not_make_up(self, world, limits):
        limits(sessions="2/min")
        told = [sign_in(HTTP_X_FORWARDED_FOR=f"10.0.0.{n}").status_code for n in range(3)]
        assert told == [401, 401, 429]
        assert sign_in(REMOTE_ADDR="10.9.9.9").status_code == 401

    def test_is_of_the_address_that_a_trusted_proxy_tells(self, world, limits, settings):
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
        limits(sessions="1/min")
        told = [sign_in(HTTP_X_FORWARDED_FOR=f"made-up-{n}, 10.0.0.1").status_code for n in range(2)]
        assert told == [401, 429]
        assert sign_in(HTTP_X_FORWARDED_FOR="made-up, 10.0.0.2").status_code == 401

    def test_gives_way_with_time(self, world, limits):
        limits(read="20/s")
        for _ in range(60):
            answer = world.alice.call("get", "/points")
            if answer.status_code == 429:
                assert answer["Retry-After"] == "1"
        assert world.alice.call("get", "/points").status_code in (200, 429)

    def test_refuses_nobody_while_redis_is_away(self, world, limits, settings):
        limits(read="1/min")
        settings.CACHES = {
            "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0", "OPTIONS": {}}
        }
        assert [world.alice.call("get", "/points").status_code for _ in range(2)] == [200, 200]

    def test_is_none_when_they_are_off(self, world, settings, limits):
        limits(read="1/min")
        settings.RATE_LIMITS = False
        assert [world.alice.call("get", "/points").status_code for _ in range(3)] == [200, 200, 200]


class TestTheDefaultLimits:
    def test_let_a_hundred_sign_up_at_once_from_one_address(self, world, limits, settings):
        limits()
        rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
        assert all(int(rates[scope].partition("/")[0]) >= 100 for scope in ["accounts", "sessions"])
        answers = [APIClient().post("/api/v1/accounts", {}, format="json").status_code for _ in range(100)]
        assert set(answers) == {400}

    def test_let_a_fan_click_fast(self, world, limits):
        limits()
        path = f"/api/v1/performances/{world.performance.id}/seating-plan"
        assert {world.alice.client.get(path).status_code for _ in range(100)} == {200}
        assert {world.alice.call("delete", "/sessions/none").status_code for _ in range(100)} == {404}
