"""What nobody tries again by himself: grouped, sent again, changed, given up; and kept until code knows its message."""

from functools import partial

import pytest
from django.db import IntegrityError

from concert_site.invariants import violations
from events import bus
from events.messages import LANGUAGE, ReservationReleased, UnreadableMessage
from events.models import Delivery, Event, InboxMessage, LaneCursor, OperatorAction, Transition, letter_groups
from events.models.delivery import AlreadyHandled
from events.models.letter_groups import group, groups
from events.relay import relay
from events.tests.stage import LISTENER, author, deliveries, heard_by, listening, say, someone, states
from tests.everything import retry_each
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")
WHY = {"operator": "Olga", "reason": "mended"}


@pytest.fixture
def heard():
    return []


@pytest.fixture
def listener(heard):
    """It refuses an amount of 13."""

    def listen(message, event):
        if message.amount == 13:
            raise ValueError("unlucky")
        heard.append((event.position.seq, message.amount))

    with listening(listen, max_attempts=1) as consumer:
        yield consumer


@pytest.fixture
def dead(listener):
    """Three of one fault, one of another, the first with two behind it."""
    first = someone()
    say(1, aggregate=first, amount=13)
    for seq in (2, 3):
        say(seq, aggregate=first)
    for _ in range(2):
        say(1, aggregate=someone(), amount=13)
    say(1, aggregate=someone(), amount="many", held_until="never")
    relay()
    return deliveries(state="dead")


def rows():
    return Delivery.objects.using(author())


class TestAGroup:
    def test_says_how_many_since_when_and_what_they_hold_up(self, dead):
        [many, one] = groups(author())
        assert (many.state, many.consumer, many.fault) == ("dead", "listener", "ValueError")
        assert (many.count, many.lanes, many.stories, many.followers) == (3, 3, 3, 2)
        assert (many.points, many.types) == (39, ["ReservationHeld"])
        assert (one.fault, one.count, one.followers, one.points) == ("UnreadableMessage", 1, 0, 0)
        assert many.first_seen <= many.last_seen == max(dead.values_list("failed_at", flat=True)[:3])

    def test_is_found_by_its_name_until_nothing_is_left_of_it(self, dead):
        first = groups(author())[0]
        name = {"state": "dead", "consumer": "listener", "fingerprint": first.fingerprint}
        assert group(author(), **name) == first
        rows().filter(fingerprint=first.fingerprint).update(state="discarded")
        assert group(author(), **name) is None

    def test_names_the_concerts_that_wait(self, listener):
        say(1, aggregate=someone(), amount=13, concert_title="Night Flight")
        relay()
        assert groups(author())[0].concerts == ["Night Flight"]

    def test_is_counted_no_further_than_a_bound(self, dead):
        """The statement with a smaller bound: what it costs does not grow with the pile."""
        statement = (letter_groups.GROUPS + letter_groups.TOLD).replace(f"LIMIT {letter_groups.MOST + 1}", "LIMIT 2")
        found = letter_groups._told(statement, {}, author())
        assert sorted(each.count for each in found) == [1, 2]

    def test_of_nothing_is_none(self, listener):
        assert groups(author()) == []


class TestALetter:
    def test_remembers_its_failed_attempts_and_no_more_than_twenty(self, dead):
        letter = dead.first()
        assert [(each["attempt"], each["error"]) for each in letter.failures] == [(1, "ValueError: unlucky")]
        for _ in range(25):
            letter.retry(**WHY)
            relay()
            letter.refresh_from_db()
        assert len(letter.failures) == 20
        assert letter.failures[0]["at"] < letter.failures[-1]["at"]


class TestReplayingALane:
    @pytest.fixture
    def lane(self, listener, heard):
        singer = someone()
        for seq in (1, 2, 3):
            say(seq, aggregate=singer)
        relay()
        return list(deliveries(aggregate_id=singer))

    def test_sends_it_and_what_came_after_it_once_more_without_a_second_effect(self, lane, heard):
        assert lane[1].replay(**WHY) == 2
        assert states() == ["done", "ready", "waiting"]
        relay()
        assert (states(), heard) == (["done"] * 3, [(1, 1), (2, 1), (3, 1)])
        assert violations(["A", "O"], pause=0) == {}

    def test_gives_an_effect_to_what_a_restored_consumer_forgot(self, lane, heard):
        LaneCursor.objects.using(bus.home(LISTENER)).update(seq=1, prev_seq=0)
        InboxMessage.objects.using(bus.home(LISTENER)).filter(seq__gt=1).delete()
        lane[1].replay(**WHY)
        relay()
        assert heard == [(1, 1), (2, 1), (3, 1), (2, 1), (3, 1)]

    def test_is_for_one_that_is_done(self, dead):
        with pytest.raises(AlreadyHandled):
            dead.first().replay(**WHY)

    def test_happens_once_though_two_ask_at_once(self, lane):
        seen = [deliveries(pk=lane[0].pk).get() for _ in range(2)]
        results = at_once(*[partial(each.replay, **WHY) for each in seen])
        assert sorted(type(each).__name__ for each in results) == ["AlreadyHandled", "int"]


class TestRetryingAGroup:
    @pytest.fixture
    def group(self, dead):
        return rows().dead().filter(fingerprint__startswith="ValueError ")

    def test_is_about_those_that_were_seen_whoever_joined_since(self, group):
        seen = list(group.all())
        say(1, aggregate=someone(), amount=13)
        relay()
        assert retry_each(seen, **WHY) == ["ok"] * 3
        assert group.count() == 1
        assert OperatorAction.objects.using(author()).filter(action="delivery.retry").count() == 3

    @pytest.mark.fault("bulk retry by two operators", holds="E O A")
    def test_by_two_operators_at_once_retries_each_once(self, group):
        outcomes = at_once(*[partial(retry_each, list(group.all()), **WHY) for _operator in range(2)])
        assert sorted(outcomes[0] + outcomes[1]) == ["ok"] * 3 + ["skipped"] * 3
        assert violations(["A"], pause=0) == {}

    def test_skips_what_was_handled_or_is_gone(self, group):
        seen = list(group.order_by("id"))
        rows().get(pk=seen[1].pk).discard(**WHY)
        rows().filter(pk=seen[2].pk).delete()
        assert retry_each(seen, **WHY) == ["ok", "skipped", "skipped"]

    def test_without_a_reason_fails_and_changes_nothing(self, group):
        assert retry_each(group.all(), operator="Olga", reason=" ") == ["failed"] * 3
        assert group.count() == 3


class TestEditing:
    @pytest.fixture
    def letter(self, dead):
        return dead.get(aggregate_id=deliveries(seq=2).get().aggregate_id)

    def test_sends_a_new_event_in_the_old_ones_place(self, letter, heard):
        new = letter.edit(letter.event.data | {"amount": 14}, **WHY)
        assert states(aggregate_id=letter.aggregate_id) == ["discarded", "ready", "waiting", "waiting"]
        relay()
        assert heard == [(1, 14), (2, 1), (3, 1)]
        assert (new.event.causation_id, new.event.correlation_id) == (letter.event_id, letter.correlation_id)
        assert new.event.actor == "operator:Olga"

    def test_leaves_the_old_event_as_it_was(self, letter):
        before = Event.objects.using(author()).values().get(pk=letter.event_id)
        letter.edit(letter.event.data | {"amount": 14}, **WHY)
        assert Event.objects.using(author()).values().get(pk=letter.event_id) == before

    def test_is_written_down_and_breaks_no_invariant(self, letter):
        new = letter.edit(letter.event.data | {"amount": 14}, **WHY)
        relay()
        action = OperatorAction.objects.using(author()).get()
        assert (action.action, action.target_id, action.after["state"]) == (
            "delivery.edit",
            str(letter.pk),
            "discarded",
        )
        assert Transition.objects.using(author()).filter(aggregate_id=letter.pk, version=new.event.seq).exists()
        lettered = violations(["A", "E", "O"], pause=0)
        assert lettered == {}

    def test_is_refused_when_it_is_no_such_message(self, letter):
        with pytest.raises(UnreadableMessage):
            letter.edit({"amount": 14}, **WHY)
        letter.refresh_from_db()
        assert (letter.state, letter.version) == ("dead", 0)

    def test_is_refused_when_somebody_was_faster(self, letter):
        seen = deliveries(pk=letter.pk).get()
        letter.retry(**WHY)
        with pytest.raises(AlreadyHandled):
            seen.edit(seen.event.data, **WHY)
        assert Event.objects.using(author()).filter(causation_id=letter.event_id).count() == 0

    def test_without_a_reason_is_refused(self, letter):
        with pytest.raises(IntegrityError):
            letter.edit(letter.event.data, operator="Olga", reason="")
        assert deliveries(pk=letter.pk).get().state == "dead"

    def test_of_one_that_was_only_shelved_is_told_as_it_was(self, listener):
        say(1, aggregate=someone(), type="ReservationReleased", reservation_id=str(someone()), amount=1)
        relay()
        shelved = deliveries(state="shelved").get()
        shelved.edit(shelved.event.data, **WHY)
        assert Transition.objects.using(author()).get(aggregate_id=shelved.pk).from_status == "shelved"

    def test_of_an_edited_one_that_is_bad_again_is_possible(self, letter, heard):
        new = letter.edit(letter.event.data | {"amount": 13}, **WHY)
        relay()
        new.refresh_from_db()
        assert new.state == "dead"
        new.edit(new.event.data | {"amount": 15}, **WHY)
        relay()
        assert heard == [(1, 15), (2, 1), (3, 1)]


class TestALetterOfLongAgo:
    def test_has_no_effect_when_its_lane_went_on_without_it(self, letter_given_up, heard, listener):
        """It can't be retried; and whoever hands it over all the same changes nothing."""
        with pytest.raises(AlreadyHandled):
            letter_given_up.retry(**WHY)
        event = letter_given_up.event
        event.position = letter_given_up.position
        event.data |= {"amount": 1}
        listener.handle(event)
        assert heard == [(2, 1)]

    @pytest.fixture
    def letter_given_up(self, listener):
        singer = someone()
        say(1, aggregate=singer, amount=13)
        say(2, aggregate=singer)
        relay()
        letter = deliveries(seq=1).get()
        letter.discard(**WHY)
        relay()
        letter.refresh_from_db()
        return letter


@pytest.mark.fault("old consumer, new event version", holds="E O A")
class TestAMessageThatTheCodeDoesNotKnow:
    @pytest.fixture
    def told(self, listener):
        singer = someone()
        say(1, aggregate=singer, type="ReservationSung")
        say(2, aggregate=singer)
        relay()

    def test_is_kept_with_its_lane_and_spends_no_attempt(self, told, heard):
        relay()
        assert states() == ["shelved", "waiting"]
        row = deliveries(seq=1).get()
        assert (row.attempts, row.fingerprint.split()[0], heard) == (0, "UnknownMessage", [])

    def test_goes_on_when_the_code_knows_it(self, told, heard, listener):
        LANGUAGE["ReservationSung"] = LANGUAGE["ReservationHeld"]
        listener._handlers["ReservationSung"] = heard_by(heard)
        try:
            relay()
        finally:
            del LANGUAGE["ReservationSung"]
        assert (states(), heard) == (["done", "done"], [1, (2, 1)])

    def test_may_be_given_up_by_an_operator(self, told, heard):
        deliveries(seq=1).get().discard(**WHY)
        relay()
        assert (states(), heard) == (["discarded", "done"], [(2, 1)])

    def test_that_its_consumer_does_not_listen_to_any_more_is_kept_too(self, listener):
        say(1, aggregate=someone(), type=ReservationReleased.__name__)
        relay()
        assert states() == ["shelved"]


@pytest.mark.fault("poison payload at the head of a lane", holds="E O")
class TestAMessageWithoutItsFields:
    def test_dies_at_once(self, listener):
        event = say(1, aggregate=someone())
        Event.objects.using(author()).filter(pk=event.pk).update(data={"amount": 1})
        relay()
        assert deliveries().values_list("state", "attempts").get() == ("dead", 1)
