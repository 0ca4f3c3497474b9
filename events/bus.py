"""Say it inside the transaction that made it true; hand it on after the commit."""

from functools import partial

from django.db import connections, transaction

from events import context, push
from events.consumers import subscribers
from events.homes import atomic, home
from events.models import Delivery, Event

__all__ = ["NotInTransaction", "atomic", "databases", "home", "publish"]


class NotInTransaction(RuntimeError):
    """A message was published outside a transaction on its author's database: it could outlive a rollback."""


def publish(message, *, by):
    """Write the message to the ledger of its author's database, with one delivery per consumer.

    `by` is an Aggregate whose version was just raised under its row's lock: the version numbers the event.
    """
    using = home(by)
    _require_transaction(using)
    event = Event.record(message, by=by, using=using, context=context.current())
    names = [consumer.name for consumer in subscribers(event.type)]
    Delivery.address(event, consumers=names, using=using)
    transaction.on_commit(partial(push.after_commit, using=using, correlation_id=event.correlation_id), using=using)


def _require_transaction(using):
    blocks = connections[using].atomic_blocks
    if not blocks or blocks[-1]._from_testcase:  # a test case's own transaction is no transaction of ours
        raise NotInTransaction(using)


def databases() -> list[str]:
    """Every configured alias; each holds its own ledger."""
    return list(connections)
