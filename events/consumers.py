"""Who listens to what. An app's `handlers.py` makes its consumers; its AppConfig.ready() imports them."""

from contextlib import contextmanager

from django.conf import settings

from events import context, messages, spans
from events.homes import atomic, home
from events.models import Destination, InboxMessage
from events.models.delivery import BACKOFF_CAP

_consumers = {}


class NoSuchConsumer(LookupError):
    """Nobody of that name listens, in any deployment of this version of the code."""


class Consumer:
    """One listener with its own inbox, lanes and retries.

    home: label of the app whose database the effects are in.
    urgent: pushed right after the commit as well, because a fan waits for its effect.
    external: talks to the network, so it runs outside any transaction, at least once.
    batched: a batch may share one transaction, because its handlers lock nothing that others need.
    max_attempts, longest_pause: after so many a delivery is dead; seconds at most between two of them.
    """

    def __init__(
        self, name, *, home, urgent=False, external=False, batched=False, max_attempts=10, longest_pause=BACKOFF_CAP
    ):
        self.name, self.home = name, home
        self.urgent, self.external, self.batched = urgent, external, batched
        self.max_attempts, self.longest_pause = max_attempts, longest_pause
        self._handlers = {}
        _consumers[name] = self

    def on(self, *message_types):
        """Register `handler(message, event)` for these messages."""

        def register(handler):
            self._handlers |= {message_type.__name__: handler for message_type in message_types}
            return handler

        return register

    @property
    def is_here(self) -> bool:
        """Whether its domain is one of this deployment's; else its events go through the broker."""
        return self.home in settings.DOMAINS

    def listens_to(self, type: str) -> bool:
        return type in self._handlers

    @property
    def types(self) -> list[str]:
        """Names of the messages that it listens to."""
        return list(self._handlers)

    @property
    def database(self) -> str:
        """Of its effects, its inbox and its cursors."""
        return home(self.home)

    def handle(self, event):
        """Let the event take effect, once. Raises whatever the handler raises; then nothing has happened.

        An event that took effect, or whose successor did, has none. Raises Gap when its predecessor in the lane
        (`event.position`) has not taken effect, UnknownMessage when this code can do nothing with it.
        """
        message = self._read(event)
        effect = self._outside if self.external else self._inside
        with self._acting_for(event):
            effect(message, event)

    def handle_all(self, events):
        """Let events of as many lanes take effect in one transaction, all or none; returns nothing about any of them.

        Where it raises, hand them over one by one: each then has its own outcome.
        """
        read = [(self._read(event), event) for event in events]
        with atomic(self.home):
            new = InboxMessage.note(events, consumer=self.name, using=self.database)
            for message, event in read:
                if event.id in new:
                    with self._acting_for(event):
                        self._handlers[event.type](message, event)
                else:
                    InboxMessage.require_repeat(event, consumer=self.name, using=self.database)

    def _read(self, event):
        if not self.listens_to(event.type):
            raise messages.UnknownMessage(f"{self.name} does not listen to {event.type}.")
        return messages.read(type=event.type, data=event.data)

    @contextmanager
    def _acting_for(self, event):
        acting = context.acting(
            actor=f"consumer:{self.name}", causation_id=event.id, traceparent=event.traceparent,
            correlation_id=event.correlation_id,
        )  # fmt: skip
        with acting, spans.span(f"{self.name} {event.type}", correlation_id=str(event.correlation_id)):
            yield

    def _inside(self, message, event):
        with atomic(self.home):
            if InboxMessage.first_time(event, consumer=self.name, using=self.database):
                self._handlers[event.type](message, event)

    def _outside(self, message, event):
        if InboxMessage.is_new(event, consumer=self.name, using=self.database):
            self._handlers[event.type](message, event)
            InboxMessage.first_time(event, consumer=self.name, using=self.database)

    def leave(self):
        """Listen no longer."""
        del _consumers[self.name]

    # For operators. why: operator (a name), reason, and operator_id if there is one; seen: the version looked at.

    def pause(self, **why):
        """Get nothing until resumed; what comes is kept. Takes hold with the next batch. Raises AlreadySo."""
        Destination.pause(self.name, using=self.database, **why)

    def resume(self, **why):
        """Go on where it was paused. Raises AlreadySo."""
        Destination.resume(self.name, using=self.database, **why)


def consumer(name: str) -> Consumer:
    """Raises NoSuchConsumer."""
    try:
        return _consumers[name]
    except KeyError:
        raise NoSuchConsumer(name) from None


def consumers(*, external=None, urgent=None) -> list[Consumer]:
    """All consumers of all domains, or those of a kind that this deployment hands events to."""
    if external is None and urgent is None:
        return list(_consumers.values())
    here = [each for each in _consumers.values() if each.is_here]
    return [each for each in here if external in (None, each.external) and urgent in (None, each.urgent)]


def subscribers(type: str) -> list[Consumer]:
    return [each for each in _consumers.values() if each.listens_to(type)]
