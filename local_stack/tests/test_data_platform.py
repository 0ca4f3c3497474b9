import hashlib
import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from local_stack import data_platform

SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="


@pytest.fixture
def file(tmp_path):
    return tmp_path / "data-platform.jsonl"


@pytest.fixture
def platform(file):
    server = data_platform.server(port=0, path=file, secret=SECRET)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def ask(platform, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(*platform.server_address, timeout=5)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text if "html" in response.headers["Content-Type"] else json.loads(text)


def send(platform, data, key="key-1", secret=SECRET, signed_at=None):
    body, signed_at = json.dumps(data), signed_at or datetime.now(UTC)
    headers = {
        "Idempotency-Key": key,
        "webhook-id": "msg-1",
        "webhook-timestamp": str(int(signed_at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg-1", signed_at, body),
    }
    return ask(platform, "POST", "/reservations", body, headers)


class TestTheDataPlatform:
    def test_keeps_one_object_per_idempotency_key(self, platform):
        status, first = send(platform, {"seat": "A-1"})
        assert status == 201
        assert send(platform, {"seat": "A-1"}) == (200, first)
        assert send(platform, {"seat": "A-2"}, key="key-2")[0] == 201
        _, kept = ask(platform, "GET", "/reservations")
        assert [record["data"] for record in kept] == [{"seat": "A-2"}, {"seat": "A-1"}]

    def test_tells_what_it_has_under_a_key(self, platform):
        _, first = send(platform, {"seat": "A-1"}, key="key:1")
        assert ask(platform, "GET", "/reservations/key%3A1") == (200, first)
        assert first["request_hash"] == hashlib.sha256(b'{"seat": "A-1"}').hexdigest()
        assert ask(platform, "GET", "/reservations/key-2")[0] == 404

    def test_keeps_what_it_has_when_something_else_comes_under_its_key(self, platform):
        send(platform, {"seat": "A-1"})
        assert send(platform, {"seat": "A-2"})[0] == 409
        _, [kept] = ask(platform, "GET", "/reservations")
        assert kept["data"] == {"seat": "A-1"}

    def test_keeps_one_object_when_the_same_key_arrives_many_times_at_once(self, platform):
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: send(platform, {"seat": "A-1"}), range(16)))
        assert sorted(status for status, _ in answers) == [200] * 15 + [201]
        assert len({answer["id"] for _, answer in answers}) == 1

    def test_remembers_after_a_restart_even_when_the_last_line_was_torn(self, platform, file):
        _, first = send(platform, {"seat": "A-1"})
        with open(file, "ab") as torn:
            torn.write(b'\n{"id": "dp_')
        records = data_platform.Records(file)
        assert records.keep("key-1", {})[0]["id"] == first["id"]
        records.keep("key-2", {"seat": "A-2"})
        assert [record["key"] for record in data_platform.Records(file).newest_first()] == ["key-2", "key-1"]

    def test_says_no_hash_of_what_it_kept_before_there_were_hashes(self, file):
        file.write_text(json.dumps({"id": "dp_1", "key": "key-1", "received_at": "2026-01-01T00:00", "data": {}}))
        assert data_platform.told(data_platform.Records(file).get("key-1")) == {"id": "dp_1"}

    def test_refuses_what_is_not_signed_with_the_secret_or_was_signed_long_ago(self, platform):
        assert send(platform, {}, secret="whsec_YW5vdGhlciBzZWNyZXQ=")[0] == 401
        assert send(platform, {}, signed_at=datetime.now(UTC) - timedelta(hours=1))[0] == 401
        assert ask(platform, "POST", "/reservations", "{}", {"Idempotency-Key": "key-1"})[0] == 401
        garbage = {"webhook-id": "1", "webhook-timestamp": "soon", "webhook-signature": "x"}
        assert ask(platform, "POST", "/reservations", b"\xff", garbage)[0] == 401
        assert ask(platform, "GET", "/reservations") == (200, [])

    def test_refuses_what_has_no_key_or_is_no_object(self, platform):
        assert send(platform, {"seat": "A-1"}, key="")[0] == 400
        assert send(platform, ["A-1"])[0] == 400

    def test_shows_what_it_received_and_trusts_none_of_it(self, platform):
        assert "Nothing yet" in ask(platform, "GET", "/")[1]
        send(platform, {"name": "<script>alert(1)</script>"}, key="<b>key</b>")
        status, page = ask(platform, "GET", "/")
        assert status == 200
        assert "&lt;script&gt;alert(1)" in page and "&lt;b&gt;key" in page
        assert "<script>" not in page and "<b>" not in page
