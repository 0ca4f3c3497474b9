"""Who gets into the console, for how long, and what its pages never show."""

import base64
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db.models import F
from django.test import Client
from django.utils.timezone import now

from accounts.models import ApiToken, Authenticator, User
from accounts.models.authenticator import EACH, TRIES, code_at
from queueing.models import Room
from tests.operators import Operator, page_of
from tests.test_console import rows_of

PASSWORD = "row-a-seat-1"


@pytest.fixture
def operator(world):
    return User.objects.create_user("kim@example.com", PASSWORD, name="Kim", is_staff=True)


def sign_in(password, *, client=None, address="127.0.0.1"):
    sent = {"username": "kim@example.com", "password": password}
    return (client or Client()).post("/admin/login/?next=/admin/", sent, REMOTE_ADDR=address)


class TestSigningIn:
    def test_is_for_operators_only(self, world, operator):
        assert sign_in(PASSWORD).status_code == 302
        User.objects.update(is_staff=False)
        assert "this is no operator" in sign_in(PASSWORD).content.decode()

    def test_takes_no_password_any_more_after_too_many_wrong_ones(self, operator, settings, redis):
        settings.RATE_LIMITS = True
        settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["passwords"] = "3/hour"
        for _ in range(3):
            assert sign_in("wrong").status_code == 200
        assert sign_in(PASSWORD).status_code == 200
        assert sign_in(PASSWORD, address="192.0.2.7").status_code == 302  # the operator himself, from elsewhere

    def test_by_another_door_counts_as_well(self, operator, settings, redis):
        settings.RATE_LIMITS = True
        settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["passwords"] = "2/hour"
        wrong = {"email": "KIM@example.com", "password": "wrong"}
        Client().post("/api/v1/sessions", wrong, content_type="application/json")
        Client().post("/sign-in", {"username": "kim@example.com", "password": "wrong"})
        assert sign_in(PASSWORD).status_code == 200

    def test_counts_what_is_looked_up_as_the_same_account(self, operator, settings, redis):
        """The database compares in capitals, and there are letters that have a capital in common."""
        settings.RATE_LIMITS = True
        settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["passwords"] = "2/hour"
        for name in ("kim@example.com", "kım@example.com"):
            Client().post("/sign-in", {"username": name, "password": "wrong"})
        assert sign_in(PASSWORD).status_code == 200

    def test_works_while_redis_is_away_and_the_log_says_what_could_not_be_forgotten(self, operator, settings, caplog):
        settings.RATE_LIMITS = True
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
        assert sign_in(PASSWORD).status_code == 302
        assert "tries_not_forgotten" in caplog.text

    def test_rightly_forgets_the_wrong_tries(self, operator, settings, redis):
        settings.RATE_LIMITS = True
        settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["passwords"] = "3/hour"
        for password in ["wrong", "wrong", PASSWORD] * 2:
            assert sign_in(password).status_code == (302 if password == PASSWORD else 200)


class TestASecondFactor:
    @pytest.fixture
    def authenticator(self, operator):
        call_command("second_factor", operator.email, stdout=StringIO())
        return operator.authenticator

    @pytest.fixture
    def kim(self, authenticator):
        """Signed in by the password, through the fans' door."""
        client = Client()
        client.post("/sign-in", {"username": "kim@example.com", "password": PASSWORD})
        return client

    def show(self, client, code, address="127.0.0.1", **changes):
        sent = {"code": code, "next": "/admin/events/event/"} | changes
        return client.post("/admin/login/", sent, REMOTE_ADDR=address)

    def test_is_asked_for_after_the_password(self, kim, authenticator):
        assert kim.get("/admin/").status_code == 302
        assert "authenticator app" in kim.get("/admin/login/").content.decode()
        assert self.show(kim, "000000").status_code == 200
        assert self.show(kim, current_code(authenticator)).url == "/admin/events/event/"
        assert kim.get("/admin/").status_code == 200

    def test_leads_nowhere_else(self, kim, authenticator):
        assert self.show(kim, current_code(authenticator), next="https://evil.example/").url == "/admin/"

    def test_counts_once(self, kim, authenticator):
        code = current_code(authenticator)
        assert authenticator.accepts(code) and not authenticator.accepts(code)

    def test_holds_for_half_a_minute_and_a_little(self, authenticator):
        code = code_at(authenticator.secret, 1000)
        assert not authenticator.accepts(code, now=1002 * 30)
        assert authenticator.accepts(code, now=1001 * 30)

    def test_is_computed_as_the_standard_says(self):
        secret = base64.b32encode(b"12345678901234567890").decode()  # RFC 6238, appendix B
        assert [code_at(secret, moment // 30) for moment in (59, 1111111109, 20000000000)] == [
            "287082", "081804", "353130",
        ]  # fmt: skip

    @pytest.mark.parametrize("code", ["１２３４５６", "é", "=1+1"])
    def test_of_any_letters_is_just_a_wrong_one(self, kim, code):
        assert self.show(kim, code).status_code == 200

    def test_may_be_typed_with_an_input_method(self, kim, authenticator):
        wide = "".join(chr(ord(digit) + 0xFEE0) for digit in current_code(authenticator))
        assert self.show(kim, wide).status_code == 302

    def test_is_refused_after_too_many_wrong_ones_wherever_they_came_from(self, kim, authenticator):
        for n in range(TRIES):
            self.show(kim, "wrong", address=f"192.0.2.{n}")
        assert self.show(kim, current_code(authenticator)).status_code == 200
        self.later(authenticator, EACH)
        assert self.show(kim, current_code(authenticator)).status_code == 302

    def test_rightly_shown_forgets_the_wrong_ones(self, kim, authenticator):
        for code in [*["wrong"] * (TRIES - 1), current_code(authenticator), *["wrong"] * (TRIES - 1)]:
            self.show(kim, code)
        assert authenticator.accepts(code_at(authenticator.secret, int(time.time()) // 30 + 1))

    def later(self, authenticator, some_time):
        rows = Authenticator.objects.filter(pk=authenticator.pk)
        rows.update(tried_until=F("tried_until") - some_time)

    def test_rightly_forgets_the_wrong_ones(self, authenticator, settings, redis):
        settings.RATE_LIMITS = True
        settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["passwords"] = "2/hour"
        for code in [current_code(authenticator), next_code(authenticator)]:
            kim = Client()
            kim.force_login(authenticator.user)
            assert self.show(kim, "000000").status_code == 200
            assert self.show(kim, code).status_code == 302

    def test_is_needed_by_all_where_the_setting_says_so(self, boss, settings):
        settings.CONSOLE_SECOND_FACTOR = True
        boss.see("", status=302)
        assert "you have none yet" in boss.see("login/")

    def test_that_is_lost_is_taken_away(self, kim, operator):
        call_command("second_factor", operator.email, "--remove", stdout=StringIO())
        assert kim.get("/admin/").status_code == 200


def current_code(authenticator):
    return code_at(authenticator.secret, int(time.time()) // 30)


def next_code(authenticator):
    """Which is taken already."""
    return code_at(authenticator.secret, int(time.time()) // 30 + 1)


class TestASession:
    @pytest.fixture
    def kim(self, operator):
        client = Client()
        sign_in(PASSWORD, client=client)
        client.get("/admin/")
        return client

    def later(self, client, **seconds):
        session = client.session
        session.update({name: session[name] - n for name, n in seconds.items()})
        session.save()
        return client.get("/admin/").status_code

    def test_ends_with_the_browser(self, kim):
        assert kim.session.get_expire_at_browser_close()

    def test_ends_when_nobody_has_clicked_for_an_hour(self, kim):
        assert self.later(kim, console_seen=59 * 60) == 200
        assert self.later(kim, console_seen=61 * 60) == 302
        assert "_auth_user_id" not in kim.session

    def test_of_the_shop_that_is_hours_old_does_not_open_the_console(self, operator):
        client = Client()
        sign_in(PASSWORD, client=client)
        User.objects.update(last_login=now() - timedelta(hours=2))
        assert client.get("/admin/").status_code == 302

    def test_ends_after_a_days_work(self, kim):
        assert self.later(kim, console_since=13 * 3600) == 302

    def test_is_not_kept_alive_by_a_page_that_comes_up_to_date_by_itself(self, kim, world):
        self.later(kim, console_seen=30 * 60)
        seen = kim.session["console_seen"]
        assert seen > time.time() - 60
        self.later(kim, console_seen=30 * 60)
        session = kim.session
        session["console_seen"] = seen - 1800
        session.save()
        kim.get("/admin/", headers={"sec-fetch-mode": "cors"})
        assert kim.session["console_seen"] == seen - 1800

    def test_of_a_fan_is_as_long_as_ever(self, world):
        fan = Operator(world.alice.user)
        fan.client.get("/admin/")
        assert "console_since" not in fan.client.session


class TestNoPage:
    def test_shows_a_secret(self, boss, world, bought, dead, settings):
        settings.DATA_PLATFORM_SECRET = "whsec_c2VjcmV0LW9mLXRoZS1wbGF0Zm9ybQ=="
        kim = User.objects.create_user("kim@example.com", PASSWORD, name="Kim", is_staff=True)
        row, token = ApiToken.issue(user=kim, now=bought.created_at)
        secrets = {
            "a token": token, "a token's digest": row.digest, "a password's hash": kim.password.split("$")[-1],
            "a seed before its draw": Room.objects.get().seed, "the data platform's key": settings.DATA_PLATFORM_SECRET,
            "a second factor": Authenticator.objects.create(user=kim).secret, 
            "the service's key": settings.SECRET_KEY, "a session": boss.client.session.session_key,
        }  # fmt: skip
        for path, query in everywhere(bought):
            page = boss.client.get(f"/admin/{path}", query).getvalue().decode()
            assert [name for name, secret in secrets.items() if secret in page] == [], path


def everywhere(bought):
    """(path, query) of each kind of page that the console has."""
    yield "", {}
    yield "my-permissions/", {}
    yield "events/operatoraction/csv/", {}
    yield from ((page_of(bought, verb), {}) for verb in ("compensate", "note", "notify"))
    for model in admin.site._registry:
        name = f"{model._meta.app_label}/{model._meta.model_name}/"
        for query, row in rows_of(model):
            yield from ((name + page, query) for page in ("", f"{row.pk}/change/", f"{row.pk}/history/"))
