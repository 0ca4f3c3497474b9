"""Telling the data platform, over real HTTP, whatever it answers."""

import json
import os
import signal
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from queue import Queue

import pytest
from django.core.management import call_command
from django.utils.timezone import now
from standardwebhooks.webhooks import Webhook

from events import bus
from events.consumers import consumer
from events.models import Delivery, Destination
from events.relay import deliver_round, relay
from reservations.models import Reservation, SyncAttempt
from tests.everything import assert_sound, make_due
from tests.misbehaving_platform import (
    SECRET,
    answers,
    answers_too_late,
    asks_to_wait_until,
    misbehaving,
    never_answers,
    resets,
    takes_it_but,
    trickles,
)
from tests.processes import died, forked

HTML = b"<html><body>Welcome to the hotel's WLAN</body></html>"
RESERVATIONS = bus.home(Reservation)


@pytest.fixture
def platform(settings, tmp_path):
    settings.DATA_PLATFORM_SECRET = SECRET
    with misbehaving(tmp_path) as platform:
        settings.DATA_PLATFORM_URL = platform.url
        yield platform


@pytest.fixture
def bought(world):
    return world.bought_by(world.alice)


@contextmanager
def impatience(settings):
    """For what takes longer than anybody would wait."""
    before = settings.DATA_PLATFORM_READ_SECONDS, settings.DATA_PLATFORM_TOTAL_SECONDS
    settings.DATA_PLATFORM_READ_SECONDS, settings.DATA_PLATFORM_TOTAL_SECONDS = 0.3, 1
    yield
    settings.DATA_PLATFORM_READ_SECONDS, settings.DATA_PLATFORM_TOTAL_SECONDS = before


def sync():
    """One round, when all that waits has become due; a relay would go on if the next pause is short."""
    make_due()
    deliver_round(using=RESERVATIONS, consumers=["data-sync"])
    return delivery()


def sync_all():
    make_due()
    relay(external=True)


def delivery():
    return Delivery.objects.using(RESERVATIONS).filter(consumer="data-sync").order_by("id").first()


def breaker():
    return Destination.objects.using(RESERVATIONS).filter(consumer="data-sync").first()


def is_away():
    return breaker() is not None and breaker().away_since is not None


def recorded():
    """What was done and what became of it, in order."""
    return [(each.method, each.outcome) for each in SyncAttempt.objects.order_by("id")]


def consumers_shown():
    out = StringIO()
    call_command("consumers", stdout=out)
    return next(line for line in out.getvalue().splitlines() if line.startswith("data-sync"))


def assert_told_once(platform, reservation):
    """In effect, however often it was sent; and nobody has to clear anything up."""
    assert [each["reservation_id"] for each in platform.kept] == [str(reservation.id)]
    assert delivery().state == "done"
    assert SyncAttempt.objects.order_by("id").last().outcome == "success"
    assert_sound()


class TestTheDataPlatform:
    def test_is_told_of_a_purchase_once_signed_and_with_a_key(self, bought, platform):
        assert sync().state == "done"
        sync()

        [request] = platform.requests
        assert request.headers["idempotency-key"] == f"{bought.id}:ReservationConfirmed"
        assert Webhook(SECRET).verify(request.body, request.headers)
        assert json.loads(request.body)["reservation_id"] == str(bought.id)
        assert request.headers["traceparent"].startswith("00-")
        attempt = SyncAttempt.objects.get()
        assert (attempt.outcome, attempt.http_status, attempt.platform_id[:3]) == ("success", 201, "dp_")
        assert attempt.duration_ms is not None
        assert_told_once(platform, bought)

    def test_is_told_of_a_cancellation_after_the_purchase(self, world, bought, platform):
        world.alice.cancel(bought.id)
        sync_all()
        assert [each["type"] for each in platform.kept] == ["ReservationConfirmed", "ReservationCancelled"]
        assert_sound()

    def test_is_told_nothing_where_none_is_configured(self, bought, settings):
        settings.DATA_PLATFORM_URL = ""
        assert sync().state == "done"
        assert recorded() == []


class TestAnOutcomeThatIsUnknown:
    """The platform is asked by the idempotency key before anything is said again."""

    @pytest.mark.fault("platform answers 500", holds="M S D1 E O X T")
    def test_after_500_is_asked_for_and_told_again_when_it_is_not_there(self, bought, platform):
        platform.fails(answers(500, b"oops"))
        row = sync()
        assert (row.state, row.attempts) == ("ready", 0)
        assert "HTTP 500: oops" in row.last_error

        sync()
        assert recorded() == [("POST", "unknown"), ("GET", "absent"), ("POST", "success")]
        assert len({each.headers["idempotency-key"] for each in platform.requests}) == 1
        assert len({attempt.request_hash for attempt in SyncAttempt.objects.all()}) == 1
        assert_told_once(platform, bought)

    @pytest.mark.fault("platform answers 500", holds="M S D1 E O X T")
    def test_after_500_that_came_after_the_effect_is_asked_for_and_nothing_is_sent_again(self, bought, platform):
        platform.fails(takes_it_but(answers(500)))
        sync()
        sync()
        assert recorded() == [("POST", "unknown"), ("GET", "success")]
        assert_told_once(platform, bought)

    @pytest.mark.fault("platform times out", holds="M S D1 E O X T")
    def test_because_it_never_answers_spends_no_attempt_and_is_cleared_up_later(self, bought, platform, settings):
        platform.fails(never_answers)
        with impatience(settings):
            row = sync()
        assert (row.state, row.attempts) == ("ready", 0)
        assert "ReadTimeout" in row.last_error

        sync()
        assert recorded() == [("POST", "unknown"), ("GET", "absent"), ("POST", "success")]
        assert_told_once(platform, bought)

    @pytest.mark.fault("platform answers 200 after 40 s", holds="M S D1 E O X T")
    def test_because_200_came_after_nobody_waited_any_more_is_found_to_be_success(self, bought, platform, settings):
        platform.fails(takes_it_but(answers_too_late))
        with impatience(settings):
            assert sync().attempts == 0
        sync()
        assert recorded() == [("POST", "unknown"), ("GET", "success")]
        assert_told_once(platform, bought)

    def test_because_the_connection_was_reset_after_applying_is_found_to_be_success(self, bought, platform):
        platform.fails(takes_it_but(resets))
        row = sync()
        assert (row.state, row.attempts) == ("ready", 0)
        sync()
        assert recorded() == [("POST", "unknown"), ("GET", "success")]
        assert_told_once(platform, bought)

    def test_because_the_answer_comes_byte_by_byte_has_an_end(self, bought, platform, settings):
        platform.fails(trickles)
        with impatience(settings):
            row = sync()
        assert (row.state, row.attempts) == ("ready", 0)
        assert "no answer after 1 s in all" in row.last_error
        assert SyncAttempt.objects.get().duration_ms < 5000
        sync()
        assert_told_once(platform, bought)

    @pytest.mark.parametrize(
        "nonsense",
        [HTML, b"", b"[]", b'{"id"', b'"yes"', b"[" * 60_000, b"\xff\0", b'{"id": "' + b"x" * 70_000 + b'"}'],
        ids=["html", "nothing", "list", "torn", "text", "deep", "bytes", "too large"],
    )
    @pytest.mark.fault("platform answers nonsense", holds="M S D1 E O X T")
    def test_because_the_answer_makes_no_sense_spends_one_attempt(self, bought, platform, nonsense):
        platform.fails(takes_it_but(answers(200, nonsense)))
        row = sync()
        assert (row.state, row.attempts) == ("ready", 1)
        assert not is_away()
        sync()
        assert recorded() == [("POST", "unknown"), ("GET", "success")]
        assert_told_once(platform, bought)

    def test_because_the_worker_was_killed_while_it_waited_was_on_record_before(self, bought, platform):
        children = Queue()
        platform.fails(takes_it_but(lambda handler, well: os.kill(children.get(timeout=10), signal.SIGKILL)))
        children.put(child := forked(sync))
        assert died(child)
        assert recorded() == [("POST", "unknown")]

        sync()
        assert recorded() == [("POST", "unknown"), ("GET", "success")]
        assert_told_once(platform, bought)

    def test_stays_so_while_the_platform_does_not_say(self, bought, platform):
        platform.fails(takes_it_but(answers(500)), answers(500), answers(200, HTML))
        for _ in range(3):
            sync()
        assert recorded() == [("POST", "unknown"), ("GET", "unknown"), ("GET", "unknown")]
        sync()
        assert platform.calls == ["POST", "GET", "GET", "GET"]
        assert_told_once(platform, bought)

    def test_of_a_purchase_that_was_given_up_is_cleared_up_before_its_cancellation_is_told(
        self, world, bought, platform
    ):
        platform.fails(takes_it_but(answers(200, HTML)))
        sync()
        Delivery.objects.using(RESERVATIONS).filter(pk=delivery().pk).update(state="dead", attempts=10)
        delivery().discard(operator="Olga", reason="they will enter it by hand")
        world.alice.cancel(bought.id)

        sync_all()

        assert recorded() == [("POST", "unknown"), ("GET", "success"), ("POST", "success")]
        assert [each["type"] for each in platform.kept] == ["ReservationConfirmed", "ReservationCancelled"]


class TestARefusal:
    """Is definite: the same would be refused again."""

    def test_of_the_message_is_not_repeated_and_waits_for_an_operator(self, bought, platform):
        platform.fails(answers(422, b'{"error": "no such concert"}', Retry_After="1"))
        row = sync()
        sync()

        assert (row.state, row.attempts) == ("dead", 1)
        assert 'PlatformRefused: HTTP 422: {"error": "no such concert"}' in row.last_error
        assert (platform.calls, recorded()) == (["POST"], [("POST", "failure")])
        bought.refresh_from_db()
        assert bought.status == "CONFIRMED"  # nothing after the confirmation undoes it

        row.retry(operator="Olga", reason="they know the concert now")
        sync()
        assert_told_once(platform, bought)

    def test_by_redirect_is_not_followed_and_says_where_it_led(self, bought, platform):
        platform.fails(answers(307, Location=platform.url + "/elsewhere"))
        row = sync()
        assert (row.state, platform.calls, platform.kept) == ("dead", ["POST"], [])
        assert f"HTTP 307 to {platform.url}/elsewhere: redirects are not followed." in row.last_error
        assert recorded() == [("POST", "failure")]

    def test_to_say_whether_it_has_it_leaves_it_unknown(self, bought, platform):
        platform.fails(takes_it_but(answers(500)), answers(403))
        sync()
        assert sync().state == "dead"
        assert recorded() == [("POST", "unknown"), ("GET", "unknown")]


@pytest.mark.fault("platform answers 409", holds="M S D1 E O X T")
class TestA409:
    def test_for_the_same_content_is_success(self, bought, platform):
        platform.fails(takes_it_but(answers(409)))
        row = sync()
        assert (row.state, row.attempts) == ("done", 1)
        assert recorded() == [("POST", "unknown"), ("GET", "success")]
        assert_told_once(platform, bought)

    def test_for_other_content_is_a_conflict_for_an_operator(self, bought, platform):
        platform.records.keep(f"{bought.id}:ReservationConfirmed", {"reservation_id": "another"}, "another hash")
        row = sync()
        sync()
        assert (row.state, row.attempts) == ("dead", 1)
        assert "KeyTaken: The platform has something else under this key." in row.last_error
        assert recorded() == [("POST", "unknown"), ("GET", "failure")]
        assert platform.kept == [{"reservation_id": "another"}]

    def test_for_a_key_that_it_is_just_at_work_on_is_asked_again_later(self, bought, platform):
        platform.fails(answers(409))
        row = sync()
        assert (row.state, row.attempts) == ("ready", 1)
        assert "at work on this key" in row.last_error
        sync()
        assert recorded() == [("POST", "unknown"), ("GET", "absent"), ("POST", "success")]
        assert_told_once(platform, bought)


@pytest.mark.fault("platform answers 429", holds="M S D1 E O X T")
class TestABusyPlatform:
    @pytest.mark.parametrize("status", [429, 503])
    def test_is_asked_again_when_it_says_and_not_before(self, bought, platform, status):
        platform.fails(answers(status, Retry_After="600"))
        row = sync()
        relay(external=True)

        assert (row.state, row.attempts) == ("ready", 0)
        assert is_away()
        for moment in (row.available_at, breaker().probe_at):
            assert timedelta(seconds=580) < moment - now() <= timedelta(seconds=600)
        assert platform.calls == ["POST"]
        assert f"HTTP {status}" in consumers_shown()

        sync()
        assert recorded() == [("POST", "failure"), ("POST", "success")]
        assert not is_away()
        assert_told_once(platform, bought)

    def test_may_say_it_as_a_date_by_its_own_clock(self, bought, platform):
        platform.fails(asks_to_wait_until(503, 600, clock=-86_400))
        row = sync()
        assert timedelta(seconds=580) < row.available_at - now() <= timedelta(seconds=600)
        sync()
        assert_told_once(platform, bought)

    @pytest.mark.parametrize("said", ["31536000", "Fri, 31 Dec 9999 23:59:59 GMT", "9" * 9])
    def test_is_believed_for_an_hour_at_most(self, bought, platform, said):
        platform.fails(answers(503, Retry_After=said))
        row = sync()
        assert timedelta(minutes=59) < row.available_at - now() <= timedelta(minutes=60)

    @pytest.mark.parametrize(
        "said",
        ["", "0", "-5", "soon", "1.5", "9" * 5000, "²"]
        + ["Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 99999999999 23:59:59 GMT"],
    )
    def test_that_says_nothing_of_use_is_asked_again_soon(self, bought, platform, said):
        platform.fails(answers(429, Retry_After=said))
        row = sync()
        assert (row.state, row.attempts) == ("ready", 0)
        assert row.available_at - now() <= timedelta(seconds=15)
        assert not is_away()

    def test_spends_no_attempt_however_often_it_says_so(self, bought, platform):
        platform.always = answers(429, Retry_After="30")
        for _ in range(consumer("data-sync").max_attempts + 2):
            assert (sync().state, delivery().attempts) == ("ready", 0)
        platform.always = None
        sync()
        assert_told_once(platform, bought)


class TestAnOutageOfThePlatform:
    @pytest.fixture
    def sold(self, world, platform):
        """Five reservations."""
        return [world.bought_by(fan, seat) for fan, seat in zip(five_of(world), world.seats, strict=False)]

    @pytest.mark.parametrize(
        "fault", [answers(500), answers(502), never_answers, resets, takes_it_but(resets), answers(503)],
        ids=["500", "502", "never answers", "resets", "resets after applying", "503"],
    )  # fmt: skip
    def test_opens_the_breaker_and_leaves_nothing_dead_and_nothing_doubled(self, sold, platform, settings, fault):
        platform.always = fault
        with impatience(settings):
            relay(external=True)
            assert is_away()
            assert len(platform.requests) < 5
            for _ in range(3):
                sync()
                assert is_away()
            assert len(platform.requests) < 12  # one probe each, and not each of the five
        assert "away since" in consumers_shown()

        platform.always = None
        sync_all()

        assert not is_away()
        assert sorted(each["reservation_id"] for each in platform.kept) == sorted(str(each.id) for each in sold)
        rows = Delivery.objects.using(RESERVATIONS).filter(consumer="data-sync")
        assert set(rows.values_list("state", "attempts")) == {("done", 1)}
        assert_sound()

    def test_in_which_nobody_is_there_leaves_nothing_unknown(self, sold, platform, settings):
        settings.DATA_PLATFORM_URL = "http://127.0.0.1:1/reservations"
        relay(external=True)
        assert is_away()
        assert set(recorded()) == {("POST", "failure")}
        assert "ConnectError" in delivery().last_error

        settings.DATA_PLATFORM_URL = platform.url
        sync_all()
        assert "GET" not in platform.calls  # nothing had been sent
        assert sorted(each["reservation_id"] for each in platform.kept) == sorted(str(each.id) for each in sold)
        assert_sound()


class TestTheTimesOfACall:
    def test_let_a_delivery_end_before_its_lease(self, settings):
        calls = 3  # ask, tell, ask
        longest = calls * settings.DATA_PLATFORM_TOTAL_SECONDS
        assert settings.DELIVERY_LEASE_SECONDS / 2 + longest <= settings.DELIVERY_LEASE_SECONDS


def five_of(world):
    more = [type(world.alice).sign_up(name, points=1_000_000) for name in ("Dora", "Emil")]
    return [world.alice, world.bob, world.charlie, *more]
