"""The schema says what the API does."""

import io
import json

import pytest
import schemathesis
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.test import APIClient
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi

from concert_site.wsgi import application

CHECKS = [
    checks.not_a_server_error, openapi.status_code_conformance, openapi.content_type_conformance,
    openapi.response_schema_conformance, openapi.response_headers_conformance,
]  # fmt: skip
DOCUMENTED = [
    ("POST", "/accounts"), ("POST", "/sessions"), ("DELETE", "/sessions/current"), ("GET", "/me"), ("GET", "/concerts"),
    ("GET", "/concerts/{id}"), ("GET", "/concerts/{id}/performances"), ("GET", "/concerts/popular"),
    ("GET", "/performances/{id}/seating-plan"), ("GET", "/performances/{id}/availability"),
    ("GET", "/waiting-rooms/{concert}"), ("POST", "/waiting-rooms/{concert}/place"),
    ("GET", "/waiting-rooms/{concert}/place"), ("DELETE", "/waiting-rooms/{concert}/place"),
    ("GET", "/waiting-rooms/{concert}/draw"), ("GET", "/waiting-rooms/{concert}/challenge"), ("POST", "/reservations"),
    ("GET", "/reservations"), ("GET", "/reservations/{id}"), ("GET", "/reservations/{id}/timeline"),
    ("DELETE", "/reservations/{id}"), ("POST", "/reservations/{id}/payment"),
    ("GET", "/reservations/{id}/cancellation"), ("POST", "/reservations/{id}/cancellation"),
    ("GET", "/reservations/{id}/ticket"), ("GET", "/points"), ("GET", "/points/entries"), ("POST", "/points/charges"),
]  # fmt: skip


@pytest.fixture
def schema(world):
    return json.loads(APIClient().get("/api/schema/").content)


def operation(schema, method, path):
    return schema["paths"][f"/api/v1{path}"][method.lower()]


def headers_of(schema, method, path):
    parameters = operation(schema, method, path).get("parameters", [])
    return {p["name"]: p.get("required", False) for p in parameters if p["in"] == "header"}


class TestTheSchema:
    def test_is_made_without_a_warning(self, capsys):
        call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())

    def test_is_openapi_3_1_with_every_endpoint_and_no_other(self, schema):
        assert schema["openapi"].startswith("3.1")
        paths = {path: path.replace("{pk}", "{id}") for path in schema["paths"]}
        found = {(m.upper(), paths[path].removeprefix("/api/v1")) for path, ops in schema["paths"].items() for m in ops}
        assert found == set(DOCUMENTED)

    def test_tells_of_the_headers(self, schema):
        assert headers_of(schema, "POST", "/reservations") == {"Queue-Token": False, "Idempotency-Key": False}
        payment = headers_of(schema, "POST", "/reservations/{id}/payment")
        assert payment == {"Queue-Token": False, "Idempotency-Key": True}
        assert headers_of(schema, "POST", "/points/charges") == {"Idempotency-Key": True}
        assert headers_of(schema, "GET", "/performances/{id}/availability") == {"Queue-Token": False}
        assert headers_of(schema, "POST", "/reservations/{id}/cancellation") == {"Idempotency-Key": False}
        assert headers_of(schema, "POST", "/waiting-rooms/{concert}/place") == {"Idempotency-Key": False}

    def test_tells_of_problems_everywhere(self, schema):
        for path in schema["paths"].values():
            for told in path.values():
                for kind in ("4XX", "5XX"):
                    assert list(told["responses"][kind]["content"]) == ["application/problem+json"]
        members = {"type", "title", "status", "detail", "code", "trace_id"}
        assert set(schema["components"]["schemas"]["ProblemDetails"]["required"]) == members

    def test_tells_how_to_sign_in(self, schema):
        bearer = [s for s in schema["components"]["securitySchemes"].values() if s.get("scheme") == "bearer"]
        assert bearer
        assert operation(schema, "GET", "/me")["security"]

    def test_is_for_anyone_whatever_he_accepts(self, world):
        for accept in ["application/json", "text/html", "*/*", "nonsense"]:
            answer = APIClient().get("/api/schema/?format=json", headers={"Accept": accept})
            assert answer.status_code == 200 and "json" in answer["Content-Type"]


class TestTheDocumentation:
    def test_is_a_page_that_may_style_itself(self, world):
        answer = APIClient().get("/api/docs/")
        assert answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
        assert "Content-Security-Policy" not in answer and answer["X-Frame-Options"] == "DENY"
        assert "http://" not in answer.content.decode() and "https://" not in answer.content.decode()


class TestMadeUpRequests:
    def test_find_no_answer_that_the_schema_does_not_know(self, world):
        token = world.alice.client._credentials["HTTP_AUTHORIZATION"]
        operations = [
            found.ok() for found in schemathesis.openapi.from_wsgi("/api/schema/", application).get_all_operations()
        ]
        assert len(operations) == len(DOCUMENTED)
        for told in operations:
            if told.path != "/api/v1/sessions/current":
                self.attack(told, token)

    def attack(self, told, token):
        @settings(
            max_examples=6,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=told.as_strategy())
        def send(case):
            case.headers.update({"Authorization": token})
            case.validate_response(case.call(), checks=CHECKS)

        send()
