"""A destination that is away, or that an operator has paused, costs no message an attempt."""

import smtplib
from datetime import timedelta
from io import StringIO
from time import sleep

import psycopg
import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connections
from django.utils.timezone import now

from concert_site.invariants import violations
from events import bus
from events.destinations import Destinations
from events.forwarding import ways
from events.models import Destination, OperatorAction
from events.models.destination import AlreadySo
from events.outages import is_outage
from events.relay import relay
from events.tests.stage import LISTENER, author, deliveries, heard_by, listening, say, someone, states
from tests.everything import make_due
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")
WHY = {"operator": "Olga", "reason": "their maintenance"}


class Line:
    """A listener at the end of a line that may be down."""

    def __init__(self):
        self.up, self.calls, self.heard, self.error = True, 0, [], ConnectionRefusedError("nobody there")

    def __call__(self, message, event):
        self.calls += 1
        if not self.up:
            raise self.error
        self.heard.append(event.seq)


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def listener(line):
    with listening(line, external=True) as consumer:
        yield consumer


def row():
    return Destination.objects.using(bus.home(LISTENER)).get(consumer="listener")


def relay_when_due():
    make_due()
    return relay(external=True)


def relay_deliveries():
    """What is due is tried; no probe is due."""
    with connections[author()].cursor() as cursor:
        cursor.execute("UPDATE events_delivery SET available_at = now() WHERE state = 'ready'")
    return relay(external=True)


class TestAnOutage:
    def test_spends_no_attempt_however_long_it_lasts(self, listener, line):
        line.up = False
        say(1, aggregate=someone())
        for _ in range(30):
            relay_when_due()
        assert line.calls == 30
        assert deliveries().values_list("state", "attempts").get() == ("ready", 0)
        assert deliveries().get().held_up_since is not None

    def test_of_a_few_in_a_row_opens_the_breaker_and_nobody_is_sent_there(self, listener, line):
        line.up = False
        for _ in range(20):
            say(1, aggregate=someone())
        relay(external=True)
        relay_deliveries()
        assert line.calls == 3
        assert (row().outages, row().away_since is not None) == (3, True)
        assert states() == ["ready"] * 20

    def test_that_is_over_is_found_out_by_one_probe_and_all_goes_on(self, listener, line):
        line.up = False
        for _ in range(20):
            say(1, aggregate=someone())
        relay(external=True)

        line.up = True
        relay_deliveries()
        assert line.heard == []  # not before the probe is due
        relay_when_due()
        assert len(line.heard) == 20
        assert (row().outages, row().away_since, row().probe_at) == (0, None, None)

    def test_that_goes_on_puts_the_next_probe_off_longer_and_longer(self, listener, line):
        line.up = False
        say(1, aggregate=someone())
        pauses = []
        for _ in range(12):
            relay_when_due()
            if row().probe_at:
                pauses.append((row().probe_at - now()).total_seconds())
        assert pauses[0] < 3
        assert 25 < pauses[-1] <= 60

    def test_that_says_when_to_come_back_is_believed(self, listener, line):
        line.up, line.error = False, OSError("busy")
        line.error.outage, line.error.retry_after = True, 600
        say(1, aggregate=someone())
        relay(external=True)
        assert timedelta(minutes=9) < row().probe_at - now() <= timedelta(minutes=10)

    def test_of_one_destination_is_none_of_another(self, listener, line):
        line.up, other = False, []
        with listening(heard_by(other), name="other", external=True):
            for _ in range(5):
                say(1, aggregate=someone())
                say(1, aggregate=someone(), to="other")
            relay(external=True)
        assert other == [1] * 5

    def test_between_answers_that_are_just_bad_is_none(self, listener, line):
        """An error of the message's own is an answer."""
        line.up = False
        for n in range(12):
            line.error = ValueError("refused") if n % 3 == 2 else TimeoutError()
            say(1, aggregate=someone())
            relay(external=True)
            deliveries().delete()  # else the one that was held up might come due in between
        assert row().away_since is None


class TestAProbe:
    @pytest.fixture
    def away(self, listener, line):
        line.up = False
        for _ in range(5):
            say(1, aggregate=someone())
        relay(external=True)

    def test_is_sent_by_one_of_many_workers(self, away):
        make_due()
        home = bus.home(LISTENER)
        taken = at_once(*[lambda: Destination.take_probe("listener", using=home)] * 8)
        assert sorted(taken) == [False] * 7 + [True]

    def test_whose_worker_died_is_sent_again_after_its_lease(self, away, line):
        make_due()
        assert Destination.take_probe("listener", using=bus.home(LISTENER))
        line.up = True
        relay_deliveries()
        assert line.heard == []
        relay_when_due()
        assert line.heard == [1] * 5

    def test_is_given_back_where_there_is_nothing_to_send(self, away):
        deliveries().delete()
        make_due()
        before = now()
        relay(external=True)
        assert row().probe_at <= now()
        assert row().probe_at >= before - timedelta(seconds=5)


class TestADatabaseThatIsAway:
    """The listener's home is not reached: its address leads nowhere."""

    @pytest.fixture
    def nowhere(self, listener):
        home = bus.home(LISTENER)
        if home == author():
            pytest.skip("the author lives there too")
        there, connections[home].settings_dict["PORT"] = connections[home].settings_dict["PORT"], 1
        connections[home].close()
        yield home
        connections[home].close()
        connections[home].settings_dict["PORT"] = there

    def test_keeps_everything_untried(self, nowhere, line):
        say(1, aggregate=someone())
        assert Destinations(["listener"]).open == []
        relay_deliveries()
        assert (line.calls, deliveries().get().attempts, states()) == (0, 0, ["ready"])


class TestAnError:
    @pytest.mark.parametrize(
        "error",
        [
            ConnectionResetError(), TimeoutError(), redis.ConnectionError(), redis.TimeoutError(),
            smtplib.SMTPServerDisconnected(), OperationalError("server closed the connection unexpectedly"),
        ],
    )  # fmt: skip
    def test_of_the_line_is_an_outage(self, error):
        assert is_outage(error)

    @pytest.mark.parametrize("error", [ValueError(), IntegrityError(), smtplib.SMTPDataError(550, b"no"), KeyError()])
    def test_of_the_message_is_none(self, error):
        assert not is_outage(error)

    @pytest.mark.parametrize(
        ("cause", "away"),
        [
            (psycopg.errors.AdminShutdown(), True),
            (psycopg.errors.TooManyConnections(), True),
            (psycopg.errors.ReadOnlySqlTransaction(), True),
            (psycopg.errors.DeadlockDetected(), False),
            (psycopg.errors.LockNotAvailable(), False),
            (psycopg.errors.QueryCanceled(), False),
        ],
    )
    def test_of_the_database_is_one_if_it_is_away(self, cause, away):
        error = OperationalError()
        error.__cause__ = cause
        assert is_outage(error) is away

    def test_caused_by_an_outage_is_one(self):
        error = RuntimeError("the room is not available")
        error.__cause__ = redis.ConnectionError()
        assert is_outage(error)


class TestAPausedConsumer:
    @pytest.fixture
    def heard(self):
        return []

    @pytest.fixture
    def paused(self, heard):
        with listening(heard_by(heard)) as consumer:
            consumer.pause(**WHY)
            yield consumer

    def test_gets_nothing_and_loses_nothing(self, paused, heard):
        say(1, aggregate=someone())
        relay()
        assert (heard, states()) == ([], ["ready"])

        paused.resume(**WHY)
        relay()
        assert (heard, states()) == ([1], ["done"])

    def test_gets_nothing_after_the_round_in_which_it_was_paused_however_much_waits(self, heard, monkeypatch):
        monkeypatch.setattr("events.relay.ROUND_SECONDS", 0.05)

        def listen(message, event):
            heard.append(event.seq)
            consumer.pause(**WHY)
            sleep(0.1)  # longer than a round

        with listening(listen) as consumer:
            for _ in range(3):
                say(1, aggregate=someone())
            relay(limit=1)
        assert (heard, sorted(states())) == ([1], ["done", "ready", "ready"])

    def test_is_paused_with_an_operators_action(self, paused):
        paused.resume(operator="Otto", reason="they are back")
        actions = OperatorAction.objects.using(bus.home(LISTENER)).order_by("id")
        assert [(each.operator, each.action, each.target_id) for each in actions] == [
            ("Olga", "consumer.pause", "listener"),
            ("Otto", "consumer.resume", "listener"),
        ]
        assert violations(["A"], pause=0) == {}

    def test_is_not_paused_twice(self, paused):
        with pytest.raises(AlreadySo):
            paused.pause(**WHY)

    def test_is_paused_by_one_of_two_operators(self, heard):
        with listening(heard_by(heard)) as consumer:
            results = at_once(lambda: consumer.pause(**WHY), lambda: consumer.pause(**WHY))
        assert sorted(type(each).__name__ for each in results) == ["AlreadySo", "NoneType"]

    def test_is_not_paused_without_a_reason(self, heard):
        with listening(heard_by(heard)) as consumer, pytest.raises(IntegrityError):
            consumer.pause(operator="Olga", reason=" ")
        assert not Destination.objects.using(bus.home(LISTENER)).exists()

    def test_gets_no_probe_either(self, line):
        with listening(line, external=True) as consumer:
            line.up = False
            for _ in range(3):
                say(1, aggregate=someone())
            relay(external=True)
            consumer.pause(**WHY)
            relay_when_due()
        assert line.calls == 3

    def test_breaks_A_when_nobody_says_who_paused_it(self, paused):
        with connections[bus.home(LISTENER)].cursor() as cursor:
            cursor.execute("TRUNCATE events_operatoraction")
        assert "A" in violations(["A"], pause=0)


class TestTheCommand:
    def run(self, *arguments):
        out = StringIO()
        call_command("consumers", *arguments, stdout=out)
        return {line.split()[0]: line for line in out.getvalue().splitlines()}

    def test_shows_who_is_open_paused_and_away(self, listener, line):
        line.up = False
        for _ in range(3):
            say(1, aggregate=someone())
        relay(external=True)
        said = self.run("pause", "settlement", "--reason", "month's end", "--as", "Olga")
        assert said["payments"].endswith("open")
        assert said["settlement"].endswith("paused")
        assert "away since" in said["listener"] and "nobody there" in said["listener"]
        assert self.run("resume", "settlement", "--reason", "done")["settlement"].endswith("open")

    def test_as_a_dry_run_changes_nothing(self, listener):
        assert self.run("pause", "listener", "--reason", "x", "--dry-run")["listener"].endswith("open")
        assert not Destination.objects.using(bus.home(LISTENER)).exists()

    def test_as_a_dry_run_says_when_it_is_so_already(self, listener):
        listener.pause(operator="Olga", reason="month's end")
        assert "It is paused already. Last switched by Olga: month's end" in self.said("pause", "listener", "--dry-run")
        assert "would resume" in self.said("resume", "listener", "--dry-run")

    def test_tries_each_database_that_the_way_to_another_deployment_starts_in(self, listener, settings):
        settings.DOMAINS = [domain for domain in settings.DOMAINS if domain != "payments"]
        [(way, first), *others] = [place for place in ways() if place[0] == "broker:payments"]
        Destination.pause(way, using=first, operator="Olga", reason="month's end")
        with pytest.raises(CommandError, match=f"{way} in {first}: It is paused already. Last switched by Olga"):
            self.said("pause", way)
        for _way, using in others:
            assert Destination.objects.using(using).get(pk=way).paused

    def said(self, *arguments):
        call_command("consumers", *arguments, "--reason", "x", stdout=(out := StringIO()))
        return out.getvalue()

    @pytest.mark.parametrize(
        ("arguments", "why_not"),
        [
            (["pause", "nobody", "--reason", "x"], "There is no consumer nobody"),
            (["pause", "payments", "--reason", " "], "Say why"),
            (["resume", "payments", "--reason", "x"], "It is not paused."),
        ],
    )
    def test_refuses(self, arguments, why_not):
        with pytest.raises(CommandError, match=why_not):
            self.run(*arguments)
