"""Kafka: the aggregate's id is the key, so its events are in one partition. Needs requirements-kafka.txt."""

import time
from urllib.parse import parse_qsl, urlsplit

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from events.transports.transport import BrokerAway, Oversize, Received, Transport, Unroutable, dead_letters_of

PARTITIONS = 8
A_MOMENT = 0.05  # seconds that a batch waits for more
UNKNOWN_TOPIC = {"UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION", "TOPIC_EXCEPTION"}


class Kafka(Transport):
    """`kafka://host:port,host:port?security.protocol=SASL_SSL&…`: what follows the ? goes to librdkafka as it is."""

    def __init__(self, url, **options):
        super().__init__(url, **options)
        parts = urlsplit(url)
        self._settings = {"bootstrap.servers": parts.netloc, "log_level": 2} | dict(parse_qsl(parts.query))
        self._producer = None
        self._consumers = {}
        self._settled = {}

    def declare(self, topic):
        for name in (topic, dead_letters_of(topic)):
            future = AdminClient(self._settings).create_topics(
                [NewTopic(name, PARTITIONS)], operation_timeout=self.patience, request_timeout=self.patience
            )[name]
            try:
                future.result()
            except KafkaException as error:
                if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                    self._make_by_asking(name)

    def receive(self, topic, *, limit=100, wait=1.0):
        consumer = self._consumer(topic)
        first = consumer.poll(wait)
        messages = [first, *consumer.consume(limit - 1, A_MOMENT)] if first is not None and limit > 1 else [first]
        return [Received(each.value(), each) for each in messages if each is not None and _is_good(each)]

    def acknowledge(self, topic, received):
        """A commit is a position in the partition: it never goes back."""
        for each in received:
            place = each.receipt.partition()
            reached = self._settled.setdefault(topic, {})
            reached[place] = max(reached.get(place, 0), each.receipt.offset() + 1)
        offsets = [TopicPartition(topic, place, offset) for place, offset in self._settled.get(topic, {}).items()]
        if offsets:
            self._commit(topic, offsets)

    def refuse(self, topic, received):
        sent = []
        self._sender().produce(
            dead_letters_of(topic), value=received.body, key=received.receipt.key(), on_delivery=_collect(sent, 0)
        )
        self._sender().flush(self.patience)
        if sent != [(0, None)]:
            raise BrokerAway(f"The dead letter could not be put aside: {sent}")
        self.acknowledge(topic, [received])

    def close(self):
        for consumer in self._consumers.values():
            consumer.close()
        self._consumers.clear()
        self._settled.clear()
        self._producer = None

    def _send(self, topic, envelopes):
        told = []
        for number, envelope in enumerate(envelopes):
            self._produce(topic, envelope, _collect(told, number))
        self._sender().flush(self.patience + 1)
        outcomes = dict(told)
        silent = BrokerAway(f"no answer within {self.patience} s")
        if any(error is not None and error.fatal() for error in outcomes.values()):
            self._producer = None  # an idempotent producer that lost its place can't go on
        return [_outcome(outcomes[n]) if n in outcomes else silent for n in range(len(envelopes))]

    def _produce(self, topic, envelope, on_delivery):
        while True:
            try:
                return self._sender().produce(topic, value=envelope.body, key=envelope.key, on_delivery=on_delivery)
            except BufferError:  # librdkafka's own queue is full: let it work
                self._sender().poll(0.1)
            except KafkaException as error:
                return on_delivery(error.args[0], None)

    def _sender(self):
        if self._producer is None:
            self._producer = Producer(
                self._settings
                | {
                    "acks": "all",
                    "enable.idempotence": True,
                    "message.timeout.ms": int(self.patience * 1000),
                    "topic.metadata.propagation.max.ms": int(self.patience * 500),
                }
            )
        return self._producer

    def _consumer(self, topic):
        if topic not in self._consumers:
            consumer = Consumer(
                self._settings
                | {
                    "group.id": f"{topic}.intake",
                    "auto.offset.reset": "earliest",
                    "enable.auto.commit": False,
                    "session.timeout.ms": 6000,
                    "topic.metadata.refresh.interval.ms": 5000,
                }
            )
            consumer.subscribe([topic], on_revoke=lambda *_: self._settled.pop(topic, None))
            self._consumers[topic] = consumer
        return self._consumers[topic]

    def _commit(self, topic, offsets):
        try:
            self._consumers[topic].commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            raise BrokerAway(str(error)) from error

    def _make_by_asking(self, name):
        """A broker that makes topics by itself makes it when it is asked about it."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            try:
                if self._sender().list_topics(name, timeout=self.patience).topics[name].error is None:
                    return
            except KafkaException:
                pass
            time.sleep(0.1)
        raise BrokerAway(f"{name} could not be made.")


def _collect(told, number):
    return lambda error, message: told.append((number, error))


def _is_good(message):
    error = message.error()
    if error is None:
        return True
    if error.name() in UNKNOWN_TOPIC or error.name() in ("_PARTITION_EOF", "_TRANSPORT", "_ALL_BROKERS_DOWN"):
        return False  # it comes, or comes back, and librdkafka goes on by itself
    raise BrokerAway(str(error))


def _outcome(error):
    if error is None:
        return None
    if error.name() == "MSG_SIZE_TOO_LARGE":
        return Oversize(str(error))
    return Unroutable(str(error)) if error.name() in UNKNOWN_TOPIC else BrokerAway(str(error))
