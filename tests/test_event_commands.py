"""Relaying and retrying from the command line."""

import getpass
import signal
from io import StringIO
from time import monotonic, sleep
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from events import bus
from events.handles import outcome_of
from events.models import Delivery, InboxMessage, OperatorAction
from payments.models import Payment
from reservations.models import Reservation
from tests.operators import nobody_may_act
from tests.processes import running
from tests.test_console_queries import Counting


@pytest.fixture
def using():
    return bus.home(Reservation)


@pytest.fixture
def paying(world, settings):
    """Alice's reservation, submitted; nobody has relayed anything."""
    settings.PUSH_AFTER_COMMIT = False
    reservation = world.held_by(world.alice)
    reservation.submit()
    return reservation


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def status(reservation):
    return Reservation.objects.get(pk=reservation.pk).status


class TestRelay:
    def test_once_delivers_all_that_is_due_and_what_follows_from_it(self, paying):
        said = run("relay", "--once")
        assert status(paying) == "CONFIRMED"
        assert "in all." in said
        assert run("relay", "--once") == "Tried 0 in all.\n"

    def test_in_house_leaves_the_network_alone(self, paying, using):
        run("relay", "--once", "--in-house")
        assert status(paying) == "CONFIRMED"
        assert set(waiting(using)) == {"data-sync", "email"}

    def test_external_does_nothing_else(self, paying, using):
        run("relay", "--once", "--in-house")
        done = InboxMessage.objects.using(using).count()
        run("relay", "--once", "--external")
        assert waiting(using) == []
        assert InboxMessage.objects.using(using).filter(consumer="data-sync").exists()
        assert InboxMessage.objects.using(using).exclude(consumer__in=["data-sync", "email"]).count() == done

    def test_of_both_kinds_only_is_refused(self, db):
        with pytest.raises(CommandError):
            run("relay", "--external", "--in-house")

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_goes_on_until_it_is_told_to_stop(self, paying, number):
        with running("manage.py", "relay", "--interval", "0.05") as process:
            wait_until(lambda: status(paying) == "CONFIRMED")
            process.send_signal(number)
            assert process.wait(timeout=20) == 0

    @pytest.mark.fault("a domain's database away for a minute", holds="M S D1 E O T")
    def test_of_a_database_that_is_away_does_not_hold_up_the_others(self, paying):
        nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
        with running("manage.py", "relay", "--once", "--in-house", SETTLEMENT_DATABASE_URL=nowhere) as process:
            assert process.wait(timeout=60) == 1
        assert status(paying) == "CONFIRMED"


def waiting(using):
    return sorted(Delivery.objects.using(using).unfinished().values_list("consumer", flat=True))


def wait_until(met, *, seconds=30):
    stop_at = monotonic() + seconds
    while not met():
        assert monotonic() < stop_at, "it did not happen"
        sleep(0.05)


@pytest.fixture
def dead(paying, using):
    """The debit's letter, given up."""
    Delivery.objects.using(using).filter(consumer="payments").update(state="dead", attempts=10)
    return Delivery.objects.using(using).get(consumer="payments")


class TestRetryEvents:
    def test_sends_the_dead_on_their_way_with_an_action(self, dead, using, paying):
        said = run("retry_events", "--reason", "payments is back", "--as", "Olga")
        assert "ReservationSubmitted → payments: ok" in said and "1 ok" in said
        action = OperatorAction.objects.using(using).get()
        assert (action.operator, action.action, action.reason) == ("Olga", "delivery.retry", "payments is back")
        run("relay", "--once")
        assert status(paying) == "CONFIRMED"

    def test_looks_in_every_database(self, dead, paying):
        Delivery.objects.using(bus.home(Reservation)).update(state="ready", attempts=0)
        run("relay", "--once", "--in-house")
        captured = Delivery.objects.using(bus.home(Payment)).filter(event__type="PointsCaptured")
        captured.update(state="dead")
        assert "PointsCaptured → confirmation: ok" in run("retry_events", "--reason", "again")

    def test_names_the_user_of_the_system_when_nobody_is_named(self, dead, using):
        run("retry_events", "--reason", "again")
        assert OperatorAction.objects.using(using).get().operator == getpass.getuser()

    def test_of_another_consumer_leaves_it_dead(self, dead):
        assert "None is dead." in run("retry_events", "--consumer", "settlement", "--reason", "again")
        dead.refresh_from_db()
        assert dead.state == "dead"

    def test_of_some_ids_skips_those_that_are_not_dead(self, dead):
        unknown = uuid4()
        said = run("retry_events", "--id", str(dead.pk), str(unknown), "--reason", "again")
        assert f"{dead.pk} ReservationSubmitted → payments: ok" in said
        assert f"{unknown}: skipped (no dead delivery of that id)" in said
        assert "1 ok, 1 skipped" in said

    def test_does_not_read_what_befell_each_letter(self, dead):
        with Counting() as counting:
            run("retry_events", "--reason", "again", "--dry-run")
        assert not [sql for sql in counting.queries if '"failures"' in sql]

    def test_as_a_dry_run_changes_nothing(self, dead, using):
        assert "1 would be retried" in run("retry_events", "--reason", "again", "--dry-run")
        dead.refresh_from_db()
        assert (dead.state, dead.version) == ("dead", 0)
        assert not OperatorAction.objects.using(using).exists()

    @pytest.mark.parametrize("reason", ["", " \n"])
    def test_without_a_reason_is_refused(self, dead, reason):
        with pytest.raises(CommandError, match="Say why"):
            run("retry_events", "--reason", reason)

    def test_skips_what_somebody_else_has_handled_meanwhile(self, dead, using):
        Delivery.objects.using(using).get(pk=dead.pk).discard(operator="Oskar", reason="faster")
        result = outcome_of(Delivery.retry, dead, operator="Olga", reason="again")
        assert (result.outcome, result.words) == ("skipped", "already handled by Oskar: faster")

    def test_goes_on_after_a_failure_and_says_so_in_the_end(self, dead, using):
        with nobody_may_act(using), pytest.raises(CommandError, match="1 failed"):
            run("retry_events", "--reason", "again")
        dead.refresh_from_db()
        assert dead.state == "dead"


class TestDiscardEvents:
    def test_gives_up_those_that_are_named_with_an_action(self, dead, using):
        said = run("discard_events", "--id", str(dead.pk), "--reason", "never", "--as", "Olga")
        assert "ReservationSubmitted → payments: ok" in said
        dead.refresh_from_db()
        assert dead.state == "discarded"
        action = OperatorAction.objects.using(using).get()
        assert (action.operator, action.action, action.reason) == ("Olga", "delivery.discard", "never")

    def test_of_no_kind_is_refused(self, dead):
        with pytest.raises(CommandError, match="Say which"):
            run("discard_events", "--reason", "never")

    def test_as_a_dry_run_changes_nothing(self, dead):
        assert "1 would be discarded" in run("discard_events", "--consumer", "payments", "--reason", "x", "--dry-run")
        dead.refresh_from_db()
        assert dead.state == "dead"

    def test_is_done_in_portions(self, dead, settings):
        settings.APPROVAL_COUNT = 0
        with pytest.raises(CommandError, match="These are 1, and no more than 0 are given up at once"):
            run("discard_events", "--consumer", "payments", "--reason", "never")
        assert str(dead.pk) in run("discard_events", "--consumer", "payments", "--reason", "never", "--dry-run")
        dead.refresh_from_db()
        assert dead.state == "dead"

    def test_ends_with_an_error_when_one_failed(self, dead, using):
        with nobody_may_act(using), pytest.raises(CommandError, match="1 failed"):
            run("discard_events", "--consumer", "payments", "--reason", "never")


class TestEditEvent:
    @pytest.fixture(autouse=True)
    def on(self, settings):
        settings.EDIT_DEAD_LETTERS = True

    def test_shows_the_difference_and_sends_a_new_event(self, dead, using, paying):
        said = run("edit_event", str(dead.pk), "--set", 'concert_title="Day Flight"', "--reason", "renamed")
        assert '+  "concert_title": "Day Flight",' in said and "ok" in said
        new = Delivery.objects.using(using).get(event__causation_id=dead.event_id, consumer="payments")
        assert new.event.data["concert_title"] == "Day Flight"
        run("relay", "--once")
        assert status(paying) == "CONFIRMED"

    def test_as_a_dry_run_only_shows_the_difference(self, dead):
        assert "Day Flight" in run(
            "edit_event", str(dead.pk), "--set", 'concert_title="Day Flight"', "--reason", "x", "--dry-run"
        )
        dead.refresh_from_db()
        assert dead.state == "dead"

    @pytest.mark.parametrize(
        ("change", "why_not"), [("amount=", "no such message"), ('starts_at="never"', "no such message")]
    )
    def test_refuses_what_is_no_such_message(self, dead, change, why_not):
        with pytest.raises(CommandError, match=why_not):
            run("edit_event", str(dead.pk), "--set", change, "--reason", "x")

    def test_is_off_unless_switched_on(self, dead, settings):
        settings.EDIT_DEAD_LETTERS = False
        with pytest.raises(CommandError, match="switched off"):
            run("edit_event", str(dead.pk), "--set", "amount=1", "--reason", "x")


class TestReplayLane:
    def test_sends_what_is_done_once_more_without_a_second_effect(self, paying, using):
        run("relay", "--once")
        first = Delivery.objects.using(using).get(consumer="payments")
        effects = InboxMessage.objects.using(bus.home(Payment)).count()
        assert "and 0 behind it" in run("replay_lane", str(first.pk), "--reason", "x", "--dry-run")
        assert "On its way again." in run("replay_lane", str(first.pk), "--reason", "restored")
        run("relay", "--once")
        first.refresh_from_db()
        assert (first.state, first.version) == ("done", 1)
        assert InboxMessage.objects.using(bus.home(Payment)).count() == effects

    def test_of_one_that_is_not_done_or_not_there_is_refused(self, dead):
        with pytest.raises(CommandError, match="is dead, not done"):
            run("replay_lane", str(dead.pk), "--reason", "x")
        with pytest.raises(CommandError, match="There is no delivery"):
            run("replay_lane", str(uuid4()), "--reason", "x")
