"""An event on its way from one deployment to another: the till (payments) stands elsewhere."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.db.models.functions import Now

from concert_site.invariants import violations
from events import bus, intake
from events.forwarding import envelopes_of, hang_up, topic_of
from events.models import Delivery, Destination, Event, InboxMessage
from events.transports import BrokerAway, open_transport
from reservations.models import Reservation
from tests.brokers.letters import all_of, letter, seqs
from tests.brokers.till import SHOP, TILL, payment_of, replay, status, submitted, to_the_till
from tests.everything import make_due
from tests.faults.points import dies_after, hit
from tests.faults.servers import refusing


class TestAPurchase:
    def test_goes_to_the_till_and_back_through_each_broker(self, world, connected, broker, till, shop):
        connected(broker)
        paying = submitted(world)

        assert shop.relay() and payment_of(paying) is None  # it does not go by the direct way
        assert shop.forward() == 1
        assert till.receive() == 1
        assert till.relay() == 1
        assert payment_of(paying).status == "CAPTURED"
        assert till.forward() == 1
        assert shop.receive() == 1
        shop.relay()

        assert status(paying) == "CONFIRMED"
        assert violations(pause=0) == {}

    def test_keeps_its_trace_and_its_causes(self, paying, till, shop):
        shop.forward()
        till.receive()
        till.relay()
        asked = Event.objects.using(TILL).get(type="ReservationSubmitted")
        answered = Event.objects.using(TILL).get(type="PointsCaptured")
        said = Event.objects.using(SHOP).get(type="ReservationSubmitted")

        assert vars_of(asked) == vars_of(said)
        assert (answered.type, answered.causation_id, answered.correlation_id, answered.traceparent) == (
            "PointsCaptured", said.id, paying.id, said.traceparent,
        )  # fmt: skip


def vars_of(event):
    return {name: value for name, value in vars(event).items() if not name.startswith("_")}


class TestForwarding:
    @pytest.mark.fault("broker down for a minute", holds="M S D1 O T")
    def test_to_a_broker_that_is_away_costs_no_attempt(self, paying, shop, settings):
        there, settings.BROKER_URL = settings.BROKER_URL, "redis://127.0.0.1:1/0"
        for _time in range(20):
            make_due()
            shop.forward()
        assert (to_the_till().state, to_the_till().attempts) == ("ready", 0)
        assert Destination.objects.using(SHOP).get(pk="broker:payments").away_since

        settings.BROKER_URL = there
        make_due()
        Destination.objects.using(SHOP).update(probe_at=Now())
        assert shop.forward() == 1
        assert to_the_till().state == "done"
        assert Destination.objects.using(SHOP).get(pk="broker:payments").away_since is None

    def test_of_what_no_broker_takes_ends_as_a_dead_letter(self, paying, shop):
        Event.objects.using(SHOP).filter(type="ReservationSubmitted").update(data={"words": "x" * 1_000_000})
        shop.forward()
        assert to_the_till().state == "dead"
        assert to_the_till().fingerprint.startswith("Oversize")

    def test_that_dies_before_the_delivery_is_done_sends_again(self, paying, shop, till):
        assert hit(shop.forward, at=2, blow=dies_after)  # claimed, not sent
        assert to_the_till().state == "leased"
        Delivery.objects.using(SHOP).update(available_at="2026-01-01T00:00Z")
        assert shop.forward() == 1
        assert till.receive() == 1

    def test_keeps_the_order_of_a_lane(self, paying, shop, settings):
        with bus.atomic(Reservation):
            paying.ask_again(now=paying.pay_deadline)
        assert shop.forward() == 2
        receiver = open_transport(settings.BROKER_URL)
        assert seqs(all_of(receiver, topic_of(TILL), 2)) == [2, 3]
        receiver.close()

    def test_without_a_broker_leaves_everything_where_it_is(self, paying, shop, settings):
        settings.BROKER_URL = ""
        assert shop.forward() == 0
        assert to_the_till().state == "ready"


class TestTheIntake:
    def test_takes_in_once_what_comes_three_times(self, paying, till, shop):
        shop.forward()
        for _time in range(2):
            Delivery.objects.using(SHOP).filter(consumer="payments").update(state="ready", available_at=Now())
            shop.forward()

        assert till.receive() == 3
        till.relay()

        assert Event.objects.using(TILL).filter(type="ReservationSubmitted").count() == 1
        assert InboxMessage.objects.using(TILL).filter(consumer="payments").count() == 1
        assert Delivery.objects.using(TILL).get(consumer="payments").state == "done"

    def test_acknowledges_nothing_that_it_could_not_write(self, paying, till, shop):
        shop.forward()
        with refusing(Delivery, "true", using=TILL), pytest.raises(IntegrityError):
            till.receive()
        assert till.receive() == 1
        assert Delivery.objects.using(TILL).filter(consumer="payments").exists()

    def test_that_dies_after_its_commit_gets_it_again_to_no_effect(self, paying, till, shop):
        shop.forward()
        assert hit(till.receive, at=1, blow=dies_after)
        assert Delivery.objects.using(TILL).filter(consumer="payments").count() == 1

        assert till.receive() == 1
        till.relay()

        assert payment_of(paying).status == "CAPTURED"
        assert till.receive(seconds=0.1) == 0

    def test_waits_for_what_comes_later_than_its_successor(self, paying, till, settings):
        with bus.atomic(Reservation):
            paying.ask_again(now=paying.pay_deadline)
        lane = Delivery.objects.using(SHOP).filter(consumer="payments").select_related("event").order_by("seq")
        first, second = envelopes_of(list(lane))
        put(settings.BROKER_URL, second)
        till.receive()
        till.relay()
        assert payment_of(paying) is None

        put(settings.BROKER_URL, first)
        till.receive()
        make_due()
        while till.relay():
            pass
        effects = InboxMessage.objects.using(TILL).filter(consumer="payments").order_by("id")
        assert [each.seq for each in effects] == [first.event.seq, second.event.seq]

    def test_does_not_wait_for_what_was_given_up_over_there(self, paying, till, shop):
        with bus.atomic(Reservation):
            paying.ask_again(now=paying.pay_deadline)
        first = Delivery.objects.using(SHOP).filter(consumer="payments").order_by("seq").first()
        Delivery.objects.using(SHOP).filter(pk=first.pk).update(state="dead")
        Delivery.objects.using(SHOP).get(pk=first.pk).discard(operator="Olga", reason="useless")
        shop.forward()
        till.receive()
        till.relay()
        assert payment_of(paying).status == "CAPTURED"

    def test_hands_to_whom_a_fan_waits_for_at_once(self, paying, till, shop, settings):
        shop.forward()
        settings.PUSH_AFTER_COMMIT = True
        till.receive()
        assert payment_of(paying).status == "CAPTURED"

    @pytest.mark.fault("old consumer, new event version", holds="M S E O T")
    def test_shelves_a_message_of_a_later_version(self, paying, till, redis_broker):
        put(redis_broker.url, Anything(letter().body.replace(b".v1", b".v2")))
        till.receive()
        till.relay()
        kept = Delivery.objects.using(TILL).select_related("event").get()
        assert (kept.state, kept.event.type) == ("shelved", "ReservationHeld.v2")

    @pytest.mark.parametrize(
        "body",
        [
            b"no envelope",
            letter(consumer="nobody").body,
            letter(consumer="settlement").body,
            letter().body.replace(b'"reservations.R', b'"payments.R').replace(b"/reservations", b"/payments"),
        ],
        ids=["unreadable", "for nobody", "for another domain", "our own"],
    )
    def test_refuses_what_is_not_for_it_and_takes_in_the_rest(self, paying, till, shop, redis_broker, body):
        put(redis_broker.url, Anything(body))
        shop.forward()
        assert till.receive() + till.receive(seconds=0.1) == 2
        assert Delivery.objects.using(TILL).get(consumer="payments").event.type == "ReservationSubmitted"
        assert body in redis_broker.dead_letters(topic_of(TILL))

    def test_refuses_another_event_under_a_number_that_it_knows(self, paying, till, shop, redis_broker):
        shop.forward()
        till.receive()
        said = to_the_till().event
        other = letter(aggregate_id=said.aggregate_id, seq=said.seq)
        put(redis_broker.url, other)
        till.receive()
        assert Event.objects.using(TILL).get(aggregate_id=said.aggregate_id, seq=said.seq).id == said.id
        assert other.body in redis_broker.dead_letters(topic_of(TILL))


class Anything:
    """Bytes of anybody's making."""

    id = key = "anything"

    def __init__(self, body):
        self.body = body


def put(url, letter):
    sender = open_transport(url)
    assert sender.send(topic_of(TILL), [letter]) == [None]
    sender.close()


@pytest.mark.fault("broker down for a minute", holds="M S D1 D2 E O T Q L")
class TestABrokerThatIsDownForAWhile:
    @pytest.fixture
    def waiting(self, world, connected, redis_broker, shop):
        """Three who pay: the first one's wish is at the broker when that is killed, the others' come after."""
        redis_broker.empty()
        connected(redis_broker)
        first = submitted(world)
        shop.forward()
        redis_broker.end()
        yield [first, *(submitted(world, fan, seat) for fan, seat in [(world.bob, 1), (world.charlie, 2)])]
        if redis_broker.process.poll() is not None:
            redis_broker.start()

    def test_makes_no_dead_letter_and_everything_arrives_when_it_is_back(self, waiting, redis_broker, shop, till):
        for _time in range(20):  # of trying, in which ten attempts would make a dead letter
            make_due()
            shop.relay()
            shop.forward()
            with pytest.raises(BrokerAway):
                till.receive()

        redis_broker.start()
        for _time in range(3):  # there and back, and what was held up again
            make_due()
            shop.forward()
            till.receive(seconds=1)
            till.relay()
            till.forward()
            shop.receive(seconds=1)
            shop.relay()

        assert [status(each) for each in waiting] == ["CONFIRMED"] * 3
        assert not any(Delivery.objects.using(each).dead().exists() for each in (SHOP, TILL))
        assert violations(pause=0) == {}


class TestAWipedBroker:
    @pytest.mark.fault("broker wiped", holds="M S D1 E O T")
    def test_gets_again_from_the_ledger_what_it_has_lost(self, paying, till, shop, redis_broker):
        shop.forward()
        redis_broker.wipe()
        hang_up()
        assert till.receive(seconds=0.1) == 0  # it asks for its topic again
        assert payment_of(paying) is None

        with shop:
            assert "1 would be sent" in replay("--dry-run")
            assert "1 sent" in replay()
            assert "1 sent" in replay()  # twice does no harm

        assert till.receive() == 2
        till.relay()
        assert payment_of(paying).status == "CAPTURED"
        assert Event.objects.using(TILL).filter(type="ReservationSubmitted").count() == 1

    def test_that_is_still_away_fails_the_replay(self, paying, shop, settings):
        shop.forward()
        settings.BROKER_URL = "redis://127.0.0.1:1/0"
        with shop, pytest.raises(CommandError, match="1 could not be sent"):
            replay()

    def test_is_not_asked_about_a_domain_that_lives_here(self, paying, shop):
        with shop, pytest.raises(CommandError, match="lives here"):
            replay(to="settlement")

    def test_is_not_told_what_was_before(self, paying, shop):
        shop.forward()
        with shop:
            assert "There are none." in replay(since="2099-01-01T00:00Z")


class TestReceiving:
    def test_without_a_broker_is_refused(self, settings):
        settings.BROKER_URL = ""
        with pytest.raises(CommandError, match="BROKER_URL"):
            call_command("receive_events")

    def test_from_a_broker_that_is_away_raises(self, settings):
        receiver = open_transport("redis://127.0.0.1:1/0")
        with pytest.raises(BrokerAway):
            intake.receive(receiver, domain=TILL)
