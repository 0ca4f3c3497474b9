"""What every transport promises."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 900_000  # of an envelope: Kafka's brokers take a million unless told otherwise
PATIENCE = 10  # seconds for the broker to answer


class NotSent(Exception):
    """The broker has not confirmed the envelope. It may have it all the same: sent again, it is the same event."""

    outage = True  # nothing is wrong with the envelope


class BrokerAway(NotSent):
    """No answer, or none in time."""


class Unroutable(NotSent):
    """Nobody has ever asked for the topic: its deployment has not started yet, or the broker has lost everything."""


class Oversize(NotSent):
    """No broker would take it; trying again is of no use."""

    outage, permanent = False, True


@dataclass(frozen=True)
class Received:
    """Bytes from the broker, and what the transport needs to acknowledge them."""

    body: bytes
    receipt: Any


class Transport(ABC):
    """A connection to a broker, of one thread.

    A topic is what one domain receives. After any exception close the transport and open another one: what was
    received and not acknowledged comes again.
    """

    def __init__(self, url, *, patience=PATIENCE):
        self.url, self.patience = url, patience

    def send(self, topic, envelopes) -> list[NotSent | None]:
        """For each envelope, None once the broker answers for it, or why not. Never raises because of the broker."""
        outcomes = [_too_large(envelope) for envelope in envelopes]
        fit = [number for number, outcome in enumerate(outcomes) if outcome is None]
        for number, outcome in zip(fit, self._send(topic, [envelopes[n] for n in fit]) if fit else [], strict=True):
            outcomes[number] = outcome
        return outcomes

    @abstractmethod
    def declare(self, topic):
        """Make the topic, unless it is there. Receivers do; what is sent before that is Unroutable."""

    @abstractmethod
    def receive(self, topic, *, limit=100, wait=1.0) -> list[Received]:
        """Up to `limit`; waits that many seconds for the first. Raises BrokerAway.

        Each comes at least once, those of one aggregate as a rule in the order they were sent.
        """

    @abstractmethod
    def acknowledge(self, topic, received):
        """They never come again, whatever happens here. Everything received before them must be settled by then."""

    @abstractmethod
    def refuse(self, topic, received):
        """Put one that cannot be read aside, in the topic's pile of dead letters at the broker. It is then settled."""

    @abstractmethod
    def close(self):
        """Let the connection go; never raises."""

    @abstractmethod
    def _send(self, topic, envelopes) -> list[NotSent | None]: ...


def dead_letters_of(topic) -> str:
    return f"{topic}.dead"


def _too_large(envelope):
    size = len(envelope.body)
    return (
        Oversize(f"{envelope} has {size:,} bytes; at most {MOST_BYTES:,} can be sent.") if size > MOST_BYTES else None
    )
