"""What operators see of consumers in the console, and do with them."""

from functools import partial

import pytest

from events import bus
from events.models import Destination, OperatorAction
from events.relay import relay
from events.tests.stage import LISTENER, author, heard_by, listening, say, someone
from tests.everything import make_due
from tests.operators import Operator, nobody_may_act
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")
PAGE = "events/destination/"


@pytest.fixture
def boss():
    return Operator.superuser()


@pytest.fixture
def heard():
    return []


@pytest.fixture
def listener(heard):
    with listening(heard_by(heard)) as consumer:
        yield consumer


def row():
    return Destination.objects.using(bus.home(LISTENER)).filter(consumer="listener").first()


def lever(verb):
    return f"{PAGE}listener/{verb}/"


def actions():
    return OperatorAction.objects.using(bus.home(LISTENER)).filter(target_type="consumer")


def line_of(page, name="listener"):
    """The words of its row."""
    return page.partition(f">{name}</a>")[2].partition("</tr>")[0]


class TestThePageOfConsumers:
    def test_lists_all_with_what_is_on_its_way_and_how_fast_it_goes(self, boss, listener):
        singer = someone()
        for seq in (1, 2, 3):
            say(seq, aggregate=singer)
        line = line_of(boss.see(PAGE))
        assert "open" in line and '"Ready" class="console-number">1<' in line.replace("data-label=", "")
        assert '"Waiting" class="console-number">2<' in line.replace("data-label=", "")
        relay()
        line = line_of(boss.see(PAGE))
        assert '"Per minute" class="console-number">1<' in line.replace("data-label=", "")
        for name in ("payments", "settlement", "data-sync"):
            assert line_of(boss.see(PAGE), name)

    def test_says_who_paused_it_and_why(self, boss, listener):
        listener.pause(operator="Olga", reason="month's end")
        line = line_of(boss.see(PAGE))
        assert "paused" in line and "by Olga" in line and "month&#x27;s end" in line

    def test_says_since_when_it_is_away_and_when_the_next_probe_comes(self, boss):
        def down(message, event):
            raise ConnectionRefusedError("nobody there")

        with listening(down):
            for _ in range(4):
                say(1, aggregate=someone())
            relay()
            line = line_of(boss.see(PAGE))
        assert "away since" in line and "next probe" in line and "nobody there" in line

    def test_counts_no_further_than_a_bound(self, boss, listener):
        for _ in range(3):
            say(1, aggregate=someone())
        event = say(2, aggregate=someone())
        copies = [
            type(event)(aggregate_type="tests.Singer", aggregate_id=someone(), seq=1, type=event.type,
                        data=event.data, correlation_id=someone(), actor="system", traceparent="")
            for _ in range(2_000)
        ]  # fmt: skip
        type(event).objects.using(author()).bulk_create(copies)
        rows = event.deliveries.using(author()).model.objects.using(author())
        rows.bulk_create(
            rows.model(event=each, consumer="listener", aggregate_type=each.aggregate_type, seq=1,
                       aggregate_id=each.aggregate_id, correlation_id=each.correlation_id)
            for each in copies
        )  # fmt: skip
        assert "2,000+" in line_of(boss.see(PAGE))


class TestPausing:
    def test_tells_first_what_will_happen(self, boss, listener):
        say(1, aggregate=someone())
        page = boss.see(lever("pause"))
        assert "What comes is kept." in page and "open, version 0" in page
        assert row() is None

    def test_stops_the_delivery_until_it_is_resumed_with_an_action_each(self, boss, listener, heard):
        assert "what comes is kept" in boss.pull(lever("pause"), seen={"listener": 0}, reason="their maintenance")
        say(1, aggregate=someone())
        relay()
        assert heard == []
        assert "Listener: resumed." in boss.pull(lever("resume"), seen={"listener": 1}, reason="they are back")
        make_due()
        relay()
        assert heard == [1]
        assert [(each.action, each.operator) for each in actions().order_by("id")] == [
            ("consumer.pause", boss.user.email),
            ("consumer.resume", boss.user.email),
        ]
        page = boss.see(lever("change"))
        assert "their maintenance" in page and "they are back" in page

    def test_by_two_at_once_happens_once_and_the_other_is_told_who_did_it(self, listener):
        pulls = [partial(each.pull, lever("pause"), seen={"listener": 0}) for each in two()]
        told = at_once(*pulls)
        assert sum("Last switched by boss-" in page for page in told) == 1
        assert (row().paused, row().version, actions().count()) == (True, 1, 1)

    def test_is_about_the_state_that_was_seen(self, boss, listener):
        listener.pause(operator="Olga", reason="first")
        listener.resume(operator="Olga", reason="on again")
        assert "since you looked. Last switched by Olga: on again" in boss.pull(lever("pause"), seen={"listener": 0})
        assert not row().paused

    def test_is_refused_on_a_page_about_another(self, boss, listener):
        assert "since you looked" in boss.pull(lever("pause"), seen={"payments": 0})
        assert row() is None

    def test_that_fails_is_told(self, boss, listener):
        with nobody_may_act(bus.home(LISTENER)):
            assert "failed: IntegrityError" in boss.pull(lever("pause"), seen={"listener": 0})
        assert row() is None

    def test_needs_a_reason(self, boss, listener):
        assert "This field is required." in boss.pull(lever("pause"), seen={"listener": 0}, reason=" ")
        assert row() is None

    def test_refuses_a_page_that_was_tampered_with(self, boss, listener):
        assert "This page is damaged" in boss.pull(lever("pause"), seen={"listener": "x"})

    def test_is_for_managers(self, listener):
        support = Operator.as_a("support")
        page = support.see(lever("change"))
        assert 'aria-disabled="true">Pause' in page and "You don&#x27;t have the permission" in page
        support.pull(lever("pause"), seen={"listener": 0}, status=403)
        assert "paused" in Operator.as_a("manager").pull(lever("pause"), seen={"listener": 0})

    def test_of_nobody_is_not_found(self, boss):
        boss.see(f"{PAGE}nobody/pause/", status=404)

    def test_what_is_paused_already_is_told_so(self, boss, listener):
        listener.pause(operator="Olga", reason="first")
        answer = boss.client.get(f"/admin/{lever('pause')}", follow=True)
        assert "It is paused already. Last switched by Olga: first" in answer.content.decode()


def two():
    return Operator.superuser(), Operator.superuser()
