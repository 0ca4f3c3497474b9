"""RabbitMQ: one exchange, a quorum queue for each topic, and every message confirmed."""

import time
from contextlib import contextmanager, suppress

from kombu import Connection, Consumer, Exchange, Producer, Queue
from kombu.exceptions import OperationalError

from events.transports.transport import BrokerAway, Received, Transport, Unroutable, dead_letters_of

EVENTS = Exchange("events", type="direct", durable=True)
DEAD = Exchange("events.dead", type="direct", durable=True)
CONTENT_TYPE = "application/cloudevents+json"
PREFETCH = 1000  # so many may be on their way to us, or with us and not acknowledged
A_MOMENT = 0.02  # seconds that a batch waits for more


class RabbitMQ(Transport):
    def __init__(self, url, **options):
        super().__init__(url, **options)
        self._connection = Connection(
            url, connect_timeout=self.patience, heartbeat=0,
            transport_options={"read_timeout": self.patience, "write_timeout": self.patience},
        )  # fmt: skip
        self._consumers = {}

    def declare(self, topic):
        with self._answering(), self._channel() as channel:
            EVENTS.bind(channel).declare()
            _dead_queue(topic).bind(channel).declare()
            _queue(topic, self._server_version()).bind(channel).declare()

    def receive(self, topic, *, limit=100, wait=1.0):
        with self._answering():
            waiting = self._consumer(topic)
            deadline = time.monotonic() + wait
            while len(waiting) < limit and self._drain(deadline):
                deadline = min(deadline, time.monotonic() + A_MOMENT) if waiting else deadline
            batch, waiting[:] = waiting[:limit], waiting[limit:]
            return [Received(_bytes(message.body), message) for message in batch]

    def acknowledge(self, topic, received):
        with self._answering():
            for each in received:
                each.receipt.ack()

    def refuse(self, topic, received):
        with self._answering():
            received.receipt.reject(requeue=False)  # its queue's dead-letter exchange gets it

    def close(self):
        with suppress(Exception):
            self._connection.collect(socket_timeout=1)
        self._consumers.clear()

    def _send(self, topic, envelopes):
        confirms = Confirms(envelopes)
        try:
            self._publish(topic, envelopes, confirms)
        except self._errors as error:
            self.close()
            confirms.nothing_more_comes(BrokerAway(f"{type(error).__name__}: {error}"))
        return confirms.outcomes

    def _publish(self, topic, envelopes, confirms):
        """A channel of its own, so that the n-th confirm is the n-th envelope's."""
        with self._channel() as channel:
            confirms.listen(channel)
            producer = Producer(channel, exchange=EVENTS, routing_key=topic, auto_declare=False)
            EVENTS.bind(channel).declare()
            for envelope in envelopes:
                producer.publish(
                    envelope.body, message_id=envelope.id, content_type=CONTENT_TYPE, content_encoding="binary",
                    delivery_mode=2, mandatory=True, retry=False,
                )  # fmt: skip
            deadline = time.monotonic() + self.patience
            while confirms.are_missing and self._drain(deadline):
                pass
        confirms.nothing_more_comes(BrokerAway(f"no confirm within {self.patience} s"))

    def _consumer(self, topic):
        """What the topic's consumer has been sent so far; it goes on filling while anything is drained."""
        if topic not in self._consumers:
            channel = self._channel()
            waiting = self._consumers[topic] = []
            channel.basic_qos(prefetch_size=0, prefetch_count=PREFETCH, a_global=False)
            queue = _queue(topic, self._server_version())
            consumer = Consumer(channel, [queue], on_message=waiting.append, auto_declare=False, no_ack=False)
            consumer.consume()
        return self._consumers[topic]

    def _drain(self, deadline):
        """Whether something came in time."""
        try:
            self._connection.drain_events(timeout=max(A_MOMENT, deadline - time.monotonic()))
        except TimeoutError:
            return False
        return True

    def _channel(self):
        """By itself kombu would pause for two seconds before it says that there is nobody."""
        self._connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=self.patience)
        return self._connection.channel()

    def _server_version(self):
        return self._connection.connection.server_properties.get("version", "0")

    @property
    def _errors(self):
        return (*self._connection.connection_errors, *self._connection.channel_errors, OperationalError, OSError)

    @contextmanager
    def _answering(self):
        try:
            yield
        except self._errors as error:
            raise BrokerAway(f"{type(error).__name__}: {error}") from error


class Confirms:
    """What the broker says about a batch: returned ones are nobody's, then each is acknowledged or not."""

    def __init__(self, envelopes):
        self._numbers = {envelope.id: number for number, envelope in enumerate(envelopes, start=1)}
        self._missing = set(self._numbers.values())
        self.outcomes = [None] * len(envelopes)

    def listen(self, channel):
        channel.confirm_select()
        channel.events["basic_ack"].add(self._acknowledged)
        channel.events["basic_nack"].add(self._not_acknowledged)
        channel.events["basic_return"].add(self._returned)

    @property
    def are_missing(self):
        return bool(self._missing)

    def nothing_more_comes(self, error):
        self._settle(set(self._missing), error)

    def _acknowledged(self, tag, multiple):
        self._settle(self._told(tag, multiple))

    def _not_acknowledged(self, tag, multiple):
        self._settle(self._told(tag, multiple), BrokerAway("the broker could not store it"))

    def _returned(self, error, exchange, topic, message):
        number = self._numbers[message.properties["message_id"]]
        self.outcomes[number - 1] = Unroutable(f"There is no queue of {topic}.")

    def _told(self, tag, multiple):
        return {number for number in self._missing if number <= tag} if multiple else {tag}

    def _settle(self, numbers, error=None):
        for number in numbers & self._missing:
            self.outcomes[number - 1] = error or self.outcomes[number - 1]
        self._missing -= numbers


def _queue(topic, server_version):
    arguments = {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": DEAD.name,
        "x-dead-letter-routing-key": topic,
    }
    if int(server_version.split(".")[0]) >= 4:
        arguments["x-delivery-limit"] = -1  # else it gives up after 20 times, say while our database is away
    return Queue(topic, EVENTS, routing_key=topic, durable=True, queue_arguments=arguments)


def _dead_queue(topic):
    return Queue(
        dead_letters_of(topic), DEAD, routing_key=topic, durable=True, queue_arguments={"x-queue-type": "quorum"}
    )


def _bytes(body):
    return body.encode() if isinstance(body, str) else bytes(body)
