"""Telling the data platform, over real HTTP, whatever it answers."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from standardwebhooks.webhooks import Webhook

from events import bus
from events.models import Delivery
from events.relay import deliver_batch
from reservations.models import Reservation, SyncAttempt
from tests.everything import assert_sound, make_due

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="


@contextmanager
def platform(*answers):
    """A platform that gives these (status, headers, body) answers in turn, the last one for ever; what it received."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((dict(self.headers), body))
            status, headers, answer = answers[min(len(received), len(answers)) - 1]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/reservations", received
    finally:
        server.shutdown()
        server.server_close()


OK = (201, {}, b'{"id": "object-1"}')


def delivery():
    return Delivery.objects.using(bus.home(Reservation)).get(consumer="data-sync")


def sync():
    """One round: a relay would go on, and try again what failed if its pause happens to be short."""
    make_due()
    deliver_batch(using=bus.home(Reservation), consumers=["data-sync"])
    return delivery()


@pytest.fixture
def bought(world, settings):
    settings.DATA_PLATFORM_SECRET = SECRET
    return world.bought_by(world.alice)


class TestTheDataPlatform:
    def test_is_told_of_a_purchase_once_signed_and_with_a_key(self, bought, settings):
        with platform(OK) as (settings.DATA_PLATFORM_URL, received):
            assert sync().state == "done"
            sync()

        [(headers, body)] = received
        assert headers["Idempotency-Key"] == f"{bought.id}:ReservationConfirmed"
        assert Webhook(SECRET).verify(body, {name.lower(): value for name, value in headers.items()})
        assert json.loads(body)["reservation_id"] == str(bought.id)
        attempt = SyncAttempt.objects.get()
        assert (attempt.outcome, attempt.http_status, attempt.platform_id) == ("success", 201, "object-1")
        assert_sound()

    def test_is_told_again_with_the_same_key_when_it_had_a_fault(self, bought, settings):
        with platform((500, {}, b"oops"), OK) as (settings.DATA_PLATFORM_URL, received):
            assert sync().state == "ready"
            assert sync().state == "done"

        assert len({headers["Idempotency-Key"] for headers, _ in received}) == 1
        assert [attempt.outcome for attempt in SyncAttempt.objects.order_by("id")] == ["failure", "success"]
        assert_sound()

    def test_that_is_away_leaves_the_outcome_unknown_and_is_tried_again(self, bought, settings):
        with platform(OK) as (settings.DATA_PLATFORM_URL, _):
            pass  # it has gone

        assert sync().state == "ready"
        assert SyncAttempt.objects.get().outcome == "unknown"

    def test_whose_answer_makes_no_sense_is_asked_again(self, bought, settings):
        with platform((200, {}, b"<html>"), OK) as (settings.DATA_PLATFORM_URL, _):
            assert sync().state == "ready"
            assert sync().state == "done"

    def test_that_refuses_is_not_told_again_blindly(self, bought, settings):
        with platform((422, {}, b"no")) as (settings.DATA_PLATFORM_URL, received):
            assert sync().state == "dead"
            sync()

        assert len(received) == 1
        bought.refresh_from_db()
        assert bought.status == "CONFIRMED"  # nothing after the confirmation undoes it

    def test_that_is_busy_is_asked_again_when_it_says(self, bought, settings):
        with platform((429, {"Retry-After": "600"}, b"")) as (settings.DATA_PLATFORM_URL, _):
            row = sync()

        wait = row.available_at - SyncAttempt.objects.get().at
        assert 590 < wait.total_seconds() < 620
