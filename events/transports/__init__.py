"""Events on their way between deployments: through a broker that is no more than a pipe.

Retry, order and dead letters stay in our tables, so the three brokers behave the same:
`events/tests/test_transports.py` holds each of them to the same contract.
"""

from importlib import import_module
from urllib.parse import urlsplit

from events.transports.transport import BrokerAway, NotSent, Oversize, Received, Transport, Unroutable

__all__ = ["BrokerAway", "NotSent", "Oversize", "Received", "Transport", "Unroutable", "open_transport"]

# Imported when asked for: who uses Redis needs no client of Kafka.
BY_SCHEME = {
    "redis": "redis_streams.RedisStreams",
    "rediss": "redis_streams.RedisStreams",
    "amqp": "rabbitmq.RabbitMQ",
    "amqps": "rabbitmq.RabbitMQ",
    "kafka": "kafka.Kafka",
}


def open_transport(url, **options) -> Transport:
    """The transport for that broker. It belongs to one thread, and connects when it is first used."""
    scheme = urlsplit(url).scheme
    if scheme not in BY_SCHEME:
        raise ValueError(f"BROKER_URL begins with {scheme!r}; it may be {', '.join(BY_SCHEME)}.")
    module, name = BY_SCHEME[scheme].split(".")
    return getattr(import_module(f"events.transports.{module}"), name)(url, **options)
