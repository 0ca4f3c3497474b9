"""Whatever is sent, the answer is a problem with its code, and nothing has changed."""

import io
import json
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.apps import apps
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import ApiToken
from concert_site.wsgi import application
from events.bus import databases
from events.models import Event, IdempotentRequest, Transition
from payments.models import PointAccount
from reservations.models import Reservation
from tests.world import make_performance

JSON = "application/json"
PROBLEM = "application/problem+json"
POSTS = ["/accounts", "/sessions", "/reservations", "/points/charges"]
FREE_TEXTS = [("name", "/accounts"), ("email", "/sessions"), ("password", "/sessions")]
WEIRD = [None, True, False, 1.5, "1", "x" * 1_000_000, [], {}, [[]], {"a": 1}, -1, 2**64, 10**400, ""]

NO_JSON = [
    b"{broken", b"", b"\xff\xfe{}", b'{"email": "\xff"}', b"[1", b"NaN", b'{"amount": NaN}',
    b'{"amount": Infinity}',
    b'{"name": "\\ud800"}', b'{"name": "a\\u0000b"}', b'{"\\u0000": 1}', b"[" * 100_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000, b"1" * 5000, b"{}{}", b"\x00",
]  # fmt: skip

OTHER_TYPES = ["text/plain", "multipart/form-data; boundary=x", "", "application/xml", ";;"]  # fmt: skip

BAD_KEYS = ["", "x" * 256, "a\tb", "a\x7fb", "\x85", "\xa0"]  # fmt: skip

NOWHERE = [
    "/api/", "/api/v1", "/api/v1/", "/api/v2/concerts", "/api/v1/concerts/", "/api/v1/concerts/1",
    "/api/nope",
    f"/api/v1/reservations/{uuid4()}/pay", "/api/v1/concerts/%00", "/api/v1/%ff%fe", "/api/schema",
    "/api/v1/me/",
    f"/api/v1/concerts/{str(uuid4()).upper()}x", "/api/v1/../admin/", "/api/v1/reservations/1' OR '1'='1",
]  # fmt: skip

BAD_CURSORS = [
    "x", "%00", "cD0x", "bz0tMQ==", "cD1hYmM=", "cD0lMDA=", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
    "cj0x", "bz05OTk5OTk5",
    "cD0lZWQlYTAlODA=", "a" * 9000, "cD0n", "bz14",
]  # fmt: skip

NO_TOKENS = [
    "Bearer",
    "Bearer ",
    "Bearer x",
    "Bearer  x y",
    "bearer \xff\xfe",
    "Bearer " + "x" * 9000,
    "Basic YTpi",
    "Token x",
    "é",
]  # fmt: skip


def census():
    """How many rows each table has, but for what a request may leave behind: its key."""
    own = [m for m in apps.get_models() if m._meta.app_label != "events" and m._meta.managed]
    told = {m._meta.label: m._default_manager.count() for m in own}
    for noun in (Event, Transition):
        told[noun._meta.label] = sum(noun.objects.using(alias).count() for alias in databases())
    told["balances"] = sorted(PointAccount.objects.values_list("user_id", "balance"))
    told["statuses"] = sorted(Reservation.objects.values_list("id", "status", "version"))
    return told


@contextmanager
def nothing_changed():
    before = census()
    yield
    assert census() == before


def send(fan, path, body, *, method="POST", content_type=JSON, **headers):
    headers.setdefault("Idempotency-Key", str(uuid4()))
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return fan.client.generic(method, f"/api/v1{path}", body, content_type, headers=headers)


def refused(answer, status=400, code="invalid"):
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM), answer.content[:500]
    told = json.loads(answer.content)
    assert told["code"] == code and told["detail"] and told["trace_id"] == answer["Trace-Id"]
    return told


@pytest.fixture
def held(world):
    return world.held_by(world.alice)


@pytest.fixture
def fan(world, held):
    return world.alice


class TestABodyThatIsNoJSON:
    def test_is_refused_everywhere(self, fan, held):
        for body in NO_JSON:
            with nothing_changed():
                for path in POSTS:
                    refused(send(fan, path, body))
                if body:
                    for path in ["payment", "cancellation"]:
                        refused(send(fan, f"/reservations/{held.id}/{path}", body))
            assert not any(IdempotentRequest.objects.using(a).exclude(status=400).exists() for a in databases())

    def test_may_still_hold_a_backslash(self, fan):
        body = {"email": "b@example.com", "password": "a\\u0000 long one", "name": "B\\u0000"}
        assert send(fan, "/accounts", body).status_code == 201


class TestABodyOfTheWrongShape:
    def test_is_refused_when_it_is_no_object(self, fan):
        with nothing_changed():
            for path in POSTS:
                for body in [None, True, 1, "text", [], [{}], [[1]]]:
                    refused(send(fan, path, body))

    def test_names_the_field_at_fault(self, world, fan):
        good = {
            "/accounts": {"email": "b@example.com", "password": "a long enough one", "name": "B"},
            "/sessions": {"email": "b@example.com", "password": "a long enough one"},
            "/reservations": {"performance": str(world.performance.id), "seats": [str(world.seats[1].id)]},
            "/points/charges": {"amount": 1},
        }
        numbers = {"amount": [-1, 2**64, 10**400]}
        with nothing_changed():
            for path, body in good.items():
                for field in body:
                    for value in [v for v in WEIRD if v not in numbers.get(field, []) or isinstance(v, bool)]:
                        if value == "1" and (field, path) in FREE_TEXTS:
                            continue
                        told = refused(send(fan, path, body | {field: value}))
                        assert list(told["errors"]) == [field], (path, field, str(value)[:50])

    def test_is_refused_when_a_name_has_more_than_one_line(self, fan):
        body = {"email": "b@example.com", "password": "a long enough one", "name": "B\r\nBcc: everybody@example.com"}
        with nothing_changed():
            refused(send(fan, "/accounts", body))
            refused(send(fan, "/accounts", body | {"name": "B", "email": "b@" + "İ." * 125 + "com"}))

    def test_is_refused_when_it_is_too_large(self, fan):
        with nothing_changed():
            for path in POSTS:
                refused(send(fan, path, b'"' + b"x" * 3_000_000 + b'"'), 413, "too_large")

    def test_is_refused_when_it_is_of_another_type(self, fan, held):
        for kind in OTHER_TYPES:
            with nothing_changed():
                for path in [*POSTS, f"/reservations/{held.id}/payment"]:
                    refused(send(fan, path, b"{}", content_type=kind), 415, "unsupported_media_type")

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        body=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(["amount", "seats", "performance", "email", "password", "name", "refund"]), inner
                )
            ),
            max_leaves=12,
        ),
        path=st.sampled_from(["/accounts", "/reservations", "/points/charges"]),
    )
    def test_never_breaks_anything(self, fan, body, path):
        answer = send(fan, path, body)
        assert answer.status_code < 500 and answer["Content-Type"] in (JSON, PROBLEM)


class TestSeatsThatMakeNoSense:
    def test_are_refused_whole(self, world, fan):
        other = make_performance(world.concert, seats=3)
        mine, theirs = str(world.seats[1].id), str(other.seats.first().id)
        with nothing_changed():
            for seats in [
                [], [mine, mine], [mine, mine.upper()], [mine, f"{{{mine}}}"], [mine, str(uuid4())],
                [mine, theirs], [theirs], {mine: 1}, ["x"], [2**200],
                [str(uuid4()) for _ in range(101)], [mine] * 101, [mine, None], [mine, 5], mine,
            ]:  # fmt: skip
                body = {"performance": str(world.performance.id), "seats": seats}
                told = refused(send(world.bob, "/reservations", body))
                assert list(told["errors"]) == ["seats"]

    def test_are_no_number_of_a_performance(self, world, fan):
        for performance in [5, True, "x", None, [], 2**130, "0" * 32 + "z"]:
            body = {"performance": performance, "seats": [str(world.seats[1].id)]}
            assert list(refused(send(fan, "/reservations", body))["errors"]) == ["performance"]


class TestTheRefundAgreedTo:
    def test_is_a_whole_number_or_left_out(self, world):
        bought = world.bought_by(world.alice)
        with nothing_changed():
            for refund in [None, "100000", 1.0, True, -1, [], {}]:
                refused(send(world.alice, f"/reservations/{bought.id}/cancellation", {"refund": refund}))
            refused(
                send(world.alice, f"/reservations/{bought.id}/cancellation", {"refund": 10**400}), 409, "quote_changed"
            )


class TestAnIdempotencyKey:
    def test_has_1_to_255_printable_characters(self, world, fan, held):
        for key in BAD_KEYS:
            code = "invalid" if key else "idempotency_key_required"
            body = {"performance": str(world.performance.id), "seats": [str(world.seats[1].id)]}
            with nothing_changed():
                for path, data in [("/points/charges", {"amount": 1}), (f"/reservations/{held.id}/payment", {})]:
                    refused(send(fan, path, data, **{"Idempotency-Key": key}), 400, code)
                for path, data in [("/reservations", body), (f"/reservations/{held.id}/cancellation", {})]:
                    refused(send(fan, path, data, **{"Idempotency-Key": key}), 400, "invalid")

    def test_may_be_of_any_script(self, fan):
        assert send(fan, "/points/charges", {"amount": 1}, **{"Idempotency-Key": "é" * 255}).status_code == 201


class TestAnUnknownAddress:
    def test_is_a_404_problem_for_every_method(self, world):
        for path in NOWHERE:
            browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"]:
                refused(browser.generic(method, path, b"{}", JSON), 404, "not_found")


class TestAMethodThatIsNone:
    def test_is_a_405_problem_that_says_which_are(self, world, held):
        for method, path in [
            ("POST", "/concerts"), ("PUT", "/me"), ("DELETE", "/points"), ("GET", "/accounts"), ("GET", "/sessions"),
            ("PATCH", f"/reservations/{held.id}"), ("PUT", f"/reservations/{held.id}"), ("GET", "/points/charges"),
            ("GET", f"/reservations/{held.id}/payment"), ("DELETE", f"/reservations/{held.id}/cancellation"),
            ("OPTIONS", "/reservations"), ("TRACE", "/concerts"), ("PURGE", "/concerts"), ("POST", "/concerts/popular"),
            ("POST", f"/reservations/{held.id}/ticket"), ("PATCH", f"/waiting-rooms/{world.concert.id}/place"),
        ]:  # fmt: skip
            answer = send(world.alice, path, {}, method=method)
            refused(answer, 405, "method_not_allowed")
            assert answer["Allow"] and method not in set(answer["Allow"].split(", ")) - {"OPTIONS"}

    def test_is_not_smuggled_in_by_another(self, world, held):
        for headers in [{"X-HTTP-Method-Override": "DELETE"}, {"X-Method-Override": "DELETE"}]:
            send(world.alice, f"/reservations/{held.id}", {"_method": "DELETE"}, **headers)
            world.alice.client.get(f"/api/v1/reservations/{held.id}?_method=DELETE", headers=headers)
        held.refresh_from_db()
        assert held.status == "HELD"


class TestAQuestionWithBadParameters:
    def test_is_refused_or_has_an_empty_answer(self, world, held):
        for cursor in BAD_CURSORS:
            for path in ["/concerts", f"/concerts/{world.concert.id}/performances", "/reservations", "/points/entries"]:
                for more in [{}, {"ordering": "-starts_at"}, {"ordering": "title"}]:
                    answer = world.alice.client.get(f"/api/v1{path}", {"cursor": cursor} | more)
                    if answer.status_code != 200:
                        refused(answer)

    def test_is_answered_when_only_the_size_of_a_page_is_wrong(self, world, held):
        for size in ["0", "-1", "x", "9" * 5000, "", "1e3", "201"]:
            assert world.alice.client.get("/api/v1/reservations", {"page_size": size}).status_code == 200

    def test_finds_nothing_by_odd_words(self, world):
        for words in ["\0", "'", '"', "\\", "%", "_", "a " * 5000, "\ud7ff", "$$", "\x1b"]:
            assert world.alice.client.get("/api/v1/concerts", {"search": words}).status_code == 200
        assert world.alice.client.get("/api/v1/concerts?search=%ED%A0%80&ordering=%FF").status_code == 400


class TestOddHeaders:
    def test_get_json_all_the_same(self, world):
        for accept in ["text/html", "image/png", ";;;", "*/*;q=x", "\xff", "a" * 5000, ""]:
            answer = world.alice.client.get("/api/v1/concerts", headers={"Accept": accept})
            assert (answer.status_code, answer["Content-Type"]) == (200, JSON)

    def test_do_not_get_into_the_trace(self, world):
        for bad in [
            "00-x-y-01",
            "x",
            "00-" + "0" * 32 + "-" + "1" * 16 + "-01",
            "é",
            "a" * 9000,
            "00-" + "A" * 32 + "-x-1",
        ]:
            answer = world.alice.client.get("/api/v1/nope", headers={"traceparent": bad})
            assert len(refused(answer, 404, "not_found")["trace_id"]) == 32 and bad not in answer["Trace-Id"]
        trace = "0af7651916cd43dd8448eb211c80319c"
        good = world.alice.client.get("/api/v1/nope", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
        assert good["Trace-Id"] == trace

    def test_sign_nobody_in(self, world):
        for value in NO_TOKENS:
            answer = APIClient().get("/api/v1/me", headers={"Authorization": value})
            refused(answer, 401, "not_authenticated")
            assert answer["WWW-Authenticate"] == "Bearer"

    def test_of_another_house_are_refused_without_html(self, world):
        for path in ["/api/v1/concerts", "/api/v1/me", "/api/v1/nope"]:
            refused(Client().get(path, headers={"Host": "evil.example"}))

    def test_that_want_what_is_not_so_are_refused_without_html(self, world):
        path = f"/api/v1/performances/{world.performance.id}/seating-plan"
        refused(APIClient().get(path, headers={"If-Match": '"x"'}), 412, "precondition_failed")


class TestRawRequests:
    """Straight at the server's entrance: what test clients would not send."""

    def ask(
        self, path="/api/v1/sessions", *, method="POST", body=b'{"email": "a", "password": "b"}', query="", **environ
    ):
        told = {}
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_TYPE": JSON,
            "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(),
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http",
        } | environ  # fmt: skip
        answer = application(
            environ, lambda status, headers: told.update(status=int(status[:3]), headers=dict(headers))
        )
        return told["status"], told["headers"]["Content-Type"], b"".join(answer)

    def test_with_a_charset_that_is_none_are_answered(self, world):
        for kind in [
            "application/json; charset*=bogus''x", "application/json; charset=rot13",
            "application/json; charset=undefined",
            "application/json; charset=\xe9", "application/json; charset*0*=a''%ff; charset*5=x", "a;\x01=1;*=2;a*b=c",
            "application/json; charset=base64", "application/json;charset*=''", "application/json; charset=utf-16",
        ]:  # fmt: skip
            for method, path, query in [("POST", "/api/v1/sessions", ""), ("GET", "/api/v1/concerts", "search=%FF")]:
                status, media, _body = self.ask(path, method=method, query=query, CONTENT_TYPE=kind)
                assert status in (200, 400, 401, 415) and media in (JSON, PROBLEM)

    def test_with_a_length_that_is_none_are_answered(self, world):
        for length in ["", "x", "-1", "0"]:
            status, media, _body = self.ask(CONTENT_LENGTH=length)
            assert (status, media) == (400, PROBLEM)

    def test_with_bytes_that_are_no_text_in_headers_and_addresses_are_answered(self, world):
        odd = "\xff\xfe\xed\xa0\x80"
        names = [
            "HTTP_COOKIE",
            "HTTP_AUTHORIZATION",
            "HTTP_QUEUE_TOKEN",
            "HTTP_IDEMPOTENCY_KEY",
            "HTTP_ACCEPT_LANGUAGE",
        ]
        status, media, _body = self.ask(**{name: f"x={odd}; {odd}" for name in names})
        assert (status, media) == (401, PROBLEM)
        assert self.ask(f"/api/v1/{odd}", method="GET")[:2] == (404, PROBLEM)


class TestAStranger:
    def test_can_not_use_a_browsers_session_from_another_site(self, world, held):
        browser = APIClient(enforce_csrf_checks=True)
        browser.force_login(world.alice.user)
        with nothing_changed():
            for method, path in [
                ("post", "/points/charges"),
                ("delete", f"/reservations/{held.id}"),
                ("post", "/reservations"),
            ]:
                answer = getattr(browser, method)(f"/api/v1{path}", {"amount": 5}, format="json")
                refused(answer, 403, "permission_denied")

    def test_finds_no_password_or_token_in_the_logs(self, world, capfd, caplog):
        body = {"email": world.alice.user.email, "password": "my-secret-password"}
        user = world.alice.user
        user.set_password("my-secret-password")
        user.save()
        client = APIClient()
        token = client.post("/api/v1/sessions", body, format="json").json()["token"]
        client.post("/api/v1/sessions", body | {"password": "my-secret-passworD"}, format="json")
        client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}x", "Queue-Token": "my-queue-token"})
        told = capfd.readouterr().err + caplog.text
        assert "Unauthorized" in told
        assert not any(secret in told for secret in [token, "my-secret", "my-queue-token"])
        assert not ApiToken.objects.filter(digest=token).exists()

    def test_learns_nothing_of_a_failure_but_its_trace(self, world, settings):
        settings.CACHES = {
            "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0", "OPTIONS": {}}
        }
        answer = APIClient().get("/api/v1/concerts/popular")
        told = refused(answer, 503, "unavailable")
        assert "127.0.0.1" not in answer.content.decode() and "errors" not in told and int(answer["Retry-After"]) >= 1
