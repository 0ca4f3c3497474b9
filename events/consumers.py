"""Who listens to what. An app's `handlers.py` makes its consumers; its AppConfig.ready() imports them."""

from structlog.contextvars import bound_contextvars

from events import context, messages
from events.homes import atomic, home
from events.models import InboxMessage

_consumers = {}


class Consumer:
    """One listener with its own inbox, lanes and retries.

    home: label of the app whose database the effects are in.
    urgent: pushed right after the commit as well, because a fan waits for its effect.
    external: talks to the network, so it runs outside any transaction, at least once.
    """

    def __init__(self, name, *, home, urgent=False, external=False, max_attempts=10):
        self.name, self.home = name, home
        self.urgent, self.external, self.max_attempts = urgent, external, max_attempts
        self._handlers = {}
        _consumers[name] = self

    def on(self, *message_types):
        """Register `handler(message, event)` for these messages."""

        def register(handler):
            self._handlers |= {message_type.__name__: handler for message_type in message_types}
            return handler

        return register

    def listens_to(self, type: str) -> bool:
        return type in self._handlers

    def handle(self, event):
        """Let the event take effect, once. Raises whatever the handler raises; then nothing has happened."""
        message = messages.read(type=event.type, data=event.data)
        effect = self._outside if self.external else self._inside
        acting = context.acting(actor=f"consumer:{self.name}", causation_id=event.id, traceparent=event.traceparent)
        with acting, bound_contextvars(correlation_id=str(event.correlation_id)):
            effect(message, event)

    def _inside(self, message, event):
        with atomic(self.home):
            if InboxMessage.first_time(event, consumer=self.name, using=home(self.home)):
                self._handlers[event.type](message, event)

    def _outside(self, message, event):
        if not InboxMessage.knows(event, consumer=self.name, using=home(self.home)):
            self._handlers[event.type](message, event)
            InboxMessage.first_time(event, consumer=self.name, using=home(self.home))


def consumer(name: str) -> Consumer:
    return _consumers[name]


def consumers(*, external=None, urgent=None) -> list[Consumer]:
    """All consumers, or those of a kind."""
    return [each for each in _consumers.values() if external in (None, each.external) and urgent in (None, each.urgent)]


def subscribers(type: str) -> list[Consumer]:
    return [each for each in _consumers.values() if each.listens_to(type)]
