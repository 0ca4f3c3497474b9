"""Each consumer gets an aggregate's events in order, each once, and notices when one is missing."""

import random

import pytest

from events import bus
from events.models import InboxMessage, LaneCursor
from events.models.inbox_message import Gap
from events.relay import relay
from events.tests.stage import LISTENER, author, deliveries, heard_by, listening, say, someone, states
from tests.everything import make_due

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def heard():
    return []


@pytest.fixture
def listener(heard):
    with listening(heard_by(heard)) as consumer:
        yield consumer


@pytest.fixture
def singer():
    return someone()


def placed(event):
    """The event as its delivery hands it over."""
    event.position = event.deliveries.using(author()).get().position
    return event


def cursor(singer):
    return LaneCursor.objects.using(bus.home(LISTENER)).get(aggregate_id=singer).seq


class TestAnEvent:
    def test_knows_the_one_before_it_that_went_to_the_same_consumer(self, listener, singer):
        for seq in (2, 5, 9):
            say(seq, aggregate=singer)
        say(7, aggregate=singer, to="somebody else")

        prevs = deliveries(consumer="listener").values_list("seq", "prev_seq")
        assert list(prevs) == [(2, 0), (5, 2), (9, 5)]

    def test_that_comes_again_has_no_effect(self, listener, heard, singer):
        event = placed(say(1, aggregate=singer))
        listener.handle(event)
        listener.handle(event)
        assert heard == [1]

    def test_that_comes_again_after_its_inbox_row_was_pruned_has_none_either(self, listener, heard, singer):
        event = placed(say(1, aggregate=singer))
        listener.handle(event)
        InboxMessage.objects.using(bus.home(LISTENER)).all().delete()
        listener.handle(event)
        assert heard == [1]

    def test_that_is_older_than_what_took_effect_has_none(self, listener, heard, singer):
        old, new = say(1, aggregate=singer), say(2, aggregate=singer)  # nobody knows what was before either
        listener.handle(new)
        listener.handle(old)
        assert (heard, cursor(singer)) == ([2], 2)

    def test_whose_effect_fails_moves_no_cursor(self, singer):
        def fail(message, event):
            raise ValueError("no")

        with listening(fail) as listener, pytest.raises(ValueError, match="no"):
            listener.handle(placed(say(1, aggregate=singer)))
        assert not LaneCursor.objects.using(bus.home(LISTENER)).exists()


@pytest.mark.fault("a gap", holds="O")
class TestAGap:
    def test_is_noticed(self, listener, heard, singer):
        first, second, third = (placed(say(seq, aggregate=singer)) for seq in (1, 2, 3))
        with pytest.raises(Gap):
            listener.handle(second)
        listener.handle(first)
        with pytest.raises(Gap):
            listener.handle(third)
        assert heard == [1]

    def test_is_noticed_by_who_talks_to_the_network_before_he_does(self, heard, singer):
        with listening(heard_by(heard), external=True) as listener:
            say(1, aggregate=singer)
            with pytest.raises(Gap):
                listener.handle(placed(say(2, aggregate=singer)))
        assert heard == []

    def test_waits_and_spends_no_attempt(self, listener, heard, singer):
        say(1, aggregate=singer)
        say(2, aggregate=singer)
        deliveries(seq=1).update(state="done")  # so the ledger believes
        deliveries(seq=2).update(state="ready")

        for _ in range(20):
            make_due()
            relay()

        row = deliveries(seq=2).get()
        assert (row.state, row.attempts, row.fingerprint.split()[0]) == ("ready", 0, "Gap")
        assert row.held_up_since is not None
        assert heard == []

    def test_of_too_long_is_fetched_from_the_ledger(self, listener, heard, singer, settings):
        settings.GAP_PATIENCE_SECONDS = 0
        for seq in (1, 2, 3):
            say(seq, aggregate=singer)
        deliveries(seq__lt=3).update(state="done")
        deliveries(seq=3).update(state="ready")

        for _ in range(3):
            make_due()
            relay()

        assert heard == [1, 2, 3]
        assert states() == ["done"] * 3

    def test_whose_deliveries_were_pruned_is_fetched_from_the_ledger_too(self, listener, heard, singer, settings):
        settings.GAP_PATIENCE_SECONDS = 0
        for seq in (1, 2, 3):
            say(seq, aggregate=singer)
        deliveries(seq=3).update(state="ready")
        deliveries(seq__lt=3).delete()

        for _ in range(3):
            make_due()
            relay()

        assert heard == [1, 2, 3]

    def test_that_the_ledger_has_forgotten_is_an_operators_matter(self, listener, heard, singer, settings):
        settings.GAP_PATIENCE_SECONDS = 0
        events = [say(seq, aggregate=singer) for seq in (1, 2)]
        deliveries(seq=2).update(state="ready")
        deliveries(seq=1).delete()
        events[0].delete()

        for _ in range(3):
            make_due()
            relay()

        assert deliveries().get().fingerprint.split()[0] == "LostEvents"
        assert (states(), heard) == (["dead"], [])

    def test_of_what_an_operator_gave_up_holds_up_nobody(self, heard, singer):
        def refuse_the_first(message, event):
            if event.seq == 1:
                raise ValueError("never")
            heard.append(event.seq)

        with listening(refuse_the_first, max_attempts=1):
            say(1, aggregate=singer)
            say(2, aggregate=singer)
            relay()
            deliveries(seq=1).get().discard(operator="Olga", reason="nobody needs it")
            relay()

        assert heard == [2]


class TestAWildBroker:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.fault("each message three times, shuffled", holds="E O")
    def test_that_sends_all_thrice_and_shuffled_changes_nothing(self, listener, heard, seed):
        shuffle = random.Random(seed)
        singers = [someone() for _ in range(6)]
        events = [placed(say(seq, aggregate=singer)) for seq in range(1, 21) for singer in singers]
        sent = shuffled(events * 3, window=50, shuffle=shuffle)

        effects = []
        while sent:
            sent = [event for event in sent if not took(listener, event, effects, heard)]
        relay()  # it sends them all once more

        for singer in singers:
            assert [event.seq for event in effects if event.aggregate_id == singer] == list(range(1, 21)), seed

    def test_without_a_cursor_would_be_believed(self, listener, heard, singer):
        """What the cursor is for: an id alone tells a repeat from news, and old news from new it does not."""
        first, second = say(1, aggregate=singer), say(2, aggregate=singer)
        listener.handle(second)
        LaneCursor.objects.using(bus.home(LISTENER)).all().delete()
        listener.handle(first)
        assert heard == [2, 1]


def shuffled(events, *, window, shuffle):
    """The events, each moved within the window."""
    order = sorted(range(len(events)), key=lambda n: n + shuffle.uniform(0, window))
    return [events[n] for n in order]


def took(listener, event, effects, heard) -> bool:
    """False: it has to be sent again."""
    before = len(heard)
    try:
        listener.handle(event)
    except Gap:
        return False
    effects += [event] * (len(heard) - before)
    return True
