"""The contract: what the rest of the code may rely on, whichever broker it is."""

import time
from dataclasses import replace

import pytest

from events.transports import BrokerAway, Oversize, Unroutable, envelope, open_transport
from events.transports.transport import MOST_BYTES
from tests.brokers.letters import all_of, letter, letters, seqs
from tests.brokers.servers import KafkaBroker

QUICK = 2  # seconds of patience with a broker that is away


@pytest.fixture
def transport(open_one, topic):
    transport = open_one()
    transport.declare(topic)
    return transport


def needs_restarts(broker):
    if not broker.can_restart:
        pytest.skip("librdkafka's mock keeps nothing, and a Kafka of yours is not ours to end")


class TestATransport:
    def test_hands_over_a_batch_in_the_order_of_each_aggregate(self, transport, topic):
        lanes = [letters(40) for _ in range(5)]
        sent = [each for step in zip(*lanes, strict=True) for each in step]

        assert transport.send(topic, sent) == [None] * 200

        received = [envelope.read(each.body) for each in all_of(transport, topic, 200)]
        for lane in lanes:
            assert [each for each in received if each.key == lane[0].key] == lane

    def test_carries_what_is_sent_twice_twice(self, transport, topic):
        [once] = letters(1)
        transport.send(topic, [once])
        transport.send(topic, [once])
        assert seqs(all_of(transport, topic, 2)) == [1, 1]

    def test_gives_again_what_was_not_acknowledged_and_nothing_else(self, transport, open_one, topic):
        transport.send(topic, letters(4))
        received = all_of(transport, topic, 4)
        transport.acknowledge(topic, received[:2])
        transport.close()

        assert sorted(seqs(all_of(open_one(**impatient(transport)), topic, 2))) == [3, 4]

    def test_puts_aside_what_is_refused(self, transport, open_one, broker, topic):
        transport.send(topic, letters(2))
        first, second = all_of(transport, topic, 2)
        transport.refuse(topic, first)
        transport.acknowledge(topic, [second])
        transport.close()

        assert open_one(**impatient(transport)).receive(topic, wait=0.5) == []
        assert broker.dead_letters(topic) == [first.body]

    def test_refuses_one_that_is_too_large_and_sends_the_others(self, transport, topic):
        small, large, other = letter(), letter(words="x" * MOST_BYTES), letter()

        first, second, third = transport.send(topic, [small, large, other])

        assert (first, type(second), third) == (None, Oversize, None)
        assert second.permanent
        assert len(all_of(transport, topic, 2)) == 2

    def test_says_that_nobody_wants_a_topic(self, transport, broker):
        if isinstance(broker, KafkaBroker):
            pytest.skip("librdkafka's mock makes every topic it is asked for")
        outcomes = transport.send("events.nobody", letters(3))
        assert [type(outcome) for outcome in outcomes] == [Unroutable] * 3


def impatient(transport):
    """What a dead receiver has left behind is given to the next one at once."""
    return {"abandoned_after": 0} if hasattr(transport, "abandoned_after") else {}


class TestABrokerThat:
    @pytest.fixture
    def transport(self, open_one, topic):
        transport = open_one(patience=QUICK)
        transport.declare(topic)
        return transport

    def test_hangs_confirms_nothing_and_may_have_it_all_the_same(self, transport, broker, topic, open_one):
        if broker.process is None:
            pytest.skip("a Kafka of yours is not ours to freeze")
        transport.send(topic, letters(1))
        broker.freeze()
        try:
            began = time.monotonic()
            outcomes = transport.send(topic, letters(3))
        finally:
            broker.thaw()
        assert [type(outcome) for outcome in outcomes] == [BrokerAway] * 3
        assert time.monotonic() - began < 3 * QUICK

        transport.close()
        again = open_one()
        assert again.send(topic, letters(1)) == [None]

    def test_ends_is_away_and_has_everything_confirmed_when_it_is_back(self, transport, broker, topic, open_one):
        needs_restarts(broker)
        assert transport.send(topic, letters(3)) == [None] * 3
        broker.end()
        try:
            assert [type(outcome) for outcome in transport.send(topic, letters(2))] == [BrokerAway] * 2
            with pytest.raises(BrokerAway):
                transport.receive(topic, wait=0.1)
        finally:
            broker.start()

        again = open_one()
        assert seqs(all_of(again, topic, 3)) == [1, 2, 3]

    def test_has_lost_its_memory_takes_nothing_until_somebody_asks_for_it_again(
        self, transport, broker, topic, open_one
    ):
        needs_restarts(broker)
        transport.send(topic, letters(3))
        broker.wipe()

        again = open_one()
        assert [type(outcome) for outcome in again.send(topic, letters(2))] == [Unroutable] * 2
        again.declare(topic)
        assert again.send(topic, letters(2)) == [None] * 2
        assert seqs(all_of(again, topic, 2)) == [1, 2]


class TestAnEnvelope:
    def test_is_a_cloud_event(self):
        sent = letter(seq=7, place="1:2")
        body = sent.body.decode()
        for attribute in (
            '"specversion":"1.0"',
            '"source":"/reservations"',
            '"type":"ReservationHeld.v1"',
            f'"subject":"reservations.Reservation/{sent.key}"',
            f'"partitionkey":"{sent.key}"',
            '"sequence":"0000000007"',
            '"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"',
        ):
            assert attribute in body

    def test_reads_as_the_event_it_was(self):
        event = letter(seq=3, seats=["A 1"]).event
        sent = envelope.Envelope(event=event, consumer="payments", position=replace(event.position, prev_seq=2))
        assert envelope.read(sent.body) == sent
        assert vars_of(envelope.read(sent.body).event) == vars_of(sent.event)

    def test_of_a_later_version_keeps_it_in_its_type(self):
        body = letter().body.replace(b'"ReservationHeld.v1"', b'"ReservationHeld.v2"')
        assert envelope.read(body).event.type == "ReservationHeld.v2"

    @pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"specversion": "1.0"}'])
    def test_that_is_none_is_unreadable(self, body):
        with pytest.raises(envelope.Unreadable):
            envelope.read(body)

    @pytest.mark.parametrize(
        "part", [b'"sequence":"', b'"subject":"', b'"time":"2', b'"type":"Re', b'"consumer":"payments', b'"data":']
    )
    def test_that_is_damaged_is_unreadable(self, part):
        with pytest.raises(envelope.Unreadable):
            envelope.read(letter().body.replace(part, part[:-1] + b"\x00"))


def vars_of(event):
    return {name: value for name, value in vars(event).items() if name != "_state"}


class TestOpening:
    def test_an_address_of_another_kind_is_refused(self):
        with pytest.raises(ValueError, match="may be redis"):
            open_transport("https://example.com/")
