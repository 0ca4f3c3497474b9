"""Say it inside the transaction that made it true; hand it on after the commit."""

from functools import partial

from django.apps import apps
from django.db import connections, transaction

from events import context, push
from events.consumers import subscribers
from events.homes import atomic, home, own_databases
from events.models import Delivery, Event

__all__ = ["NotInTransaction", "atomic", "authors", "databases", "home", "own_databases", "publish", "repeat"]


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


def repeat(event, *, to, by):
    """Tell these consumers (by name) the same fact once more, whatever they had of it; `by` an operator's action."""
    using = event._state.db
    _require_transaction(using)
    Delivery.address(event.again(by=by), consumers=to, using=using)


def _require_transaction(using):
    blocks = connections[using].atomic_blocks
    if not blocks or blocks[-1]._from_testcase:  # a test case's own transaction is no transaction of ours
        raise NotInTransaction(using)


def authors(using) -> list[str]:
    """The apps that write their own events there. Others' in its ledger are copies that came through a broker."""
    models = [model for model in apps.get_models() if model._meta.app_label != "events"]
    return sorted({model._meta.app_label for model in models if home(model) == using})


def databases() -> list[str]:
    """Every configured alias; each holds its own ledger. Some may be other deployments', for reading only."""
    return list(connections)
