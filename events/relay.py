"""Hand events to their consumers: claim a batch, let each take effect, say so.

Any number of relays may run at once, and each may die at any point: a lease ends by itself, an inbox lets the
repeated event take effect once.
"""

import threading
import time
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter

import structlog
from django.conf import settings
from django.db import connections

from events import gaps
from events.consumers import consumer, consumers
from events.destinations import NOT_REACHED, Destinations
from events.homes import own_databases
from events.messages import UnknownMessage
from events.models import Delivery
from events.models.inbox_message import Gap
from events.outages import is_outage

ROUND_SECONDS = 1  # at most between two looks at what an operator paused, and at what a dead relay left
logger = structlog.get_logger(__name__)
_thread = threading.local()


class RelayDied(Exception):
    """A delivery whose every attempt ended with its relay: it would kill the next one too."""


def relay(*, external=False, limit=100) -> int:
    """Deliver everything that is due in every database, in batches; returns how many were tried."""
    names = [each.name for each in consumers(external=external)]
    tried = 0
    for using in own_databases():
        _reached(using, take_up_known, names)
    with collecting():
        while batch := deliver_rounds(names, limit=limit):
            tried += batch
    return tried


def deliver_rounds(names, *, limit) -> int:
    """A round of each database; returns how many were tried. One that is away holds up no other."""
    destinations = Destinations(names)
    options = {"limit": limit, "destinations": destinations}
    return sum(_reached(using, deliver_round, names, **options) for using in own_databases())


def _reached(using, verb, names, **options) -> int:
    try:
        return verb(using=using, consumers=names, **options)
    except NOT_REACHED:
        logger.warning("database_not_reached", database=using, exc_info=True)
        connections[using].close()
        return 0


def take_up_known(*, using, consumers):
    """What an older version of the code had to shelve goes on."""
    shelved = Delivery.objects.using(using).filter(state=Delivery.State.SHELVED, consumer__in=consumers)
    for name in shelved.order_by().values_list("consumer", flat=True).distinct():
        Delivery.take_up(using=using, consumer=name, types=consumer(name).types)


def deliver_round(*, using, consumers, limit=100, destinations=None) -> int:
    """Batch after batch while they are full, and then what needs care; returns how many were tried."""
    destinations = destinations or Destinations(consumers)
    options = {"using": using, "consumers": consumers, "limit": limit, "destinations": destinations}
    ends_at, tried, full = time.monotonic() + ROUND_SECONDS, 0, True
    while full and time.monotonic() < ends_at:
        batch = deliver_batch(**options)
        tried, full = tried + batch, batch == limit
    tried += _deliver_abandoned(using=using, destinations=destinations)
    return tried + sum(_probe(name, using=using, destinations=destinations) for name in destinations.away)


def deliver_batch(*, using, consumers, destinations=None, correlation_id=None, limit=100) -> int:
    """Claim and deliver the heads of up to `limit` lanes; returns how many were tried. Leaves what needs care.

    With a correlation id only that story's.
    """
    destinations = destinations or Destinations(consumers)
    batch = Delivery.claim(
        using=using, consumers=destinations.open, abandoned=False, correlation_id=correlation_id, limit=limit
    )
    return _deliver(batch, using=using, destinations=destinations)


def _deliver_abandoned(*, using, destinations) -> int:
    """One whose relay died, alone: should it have been the cause, it takes no others with it again."""
    batch = Delivery.claim(using=using, consumers=destinations.open, abandoned=True, limit=1)
    return _deliver(batch, using=using, destinations=destinations)


def _probe(name, *, using, destinations) -> int:
    """One delivery to where nobody was, to see whether somebody is there again."""
    if not destinations.take_probe(name):
        return 0
    batch = Delivery.claim(using=using, consumers=[name], limit=1)
    if not batch:
        destinations.give_probe_back(name)
    return _deliver(batch, using=using, destinations=destinations, probing=True)


def _deliver(batch, *, using, destinations, probing=False) -> int:
    stop_at = time.monotonic() + settings.DELIVERY_LEASE_SECONDS / 2  # past it another relay might take the rest
    done = []
    for name, deliveries in groupby(sorted(batch, key=attrgetter("consumer")), key=attrgetter("consumer")):
        deliveries = list(deliveries)
        if consumer(name).batched and _took_effect_together(name, deliveries):
            done += deliveries
            continue
        for delivery in deliveries:
            if time.monotonic() > stop_at or not (probing or destinations.is_open(name)):
                delivery.release()
            elif _took_effect(delivery, destinations):
                done.append(delivery)
    if Delivery.finish(done, using=using) and collected() is not None:
        collected().update((using, delivery.correlation_id) for delivery in done)
    return len(batch)


def _took_effect_together(name, deliveries) -> bool:
    """All or none, in one transaction. None is no news: each is then tried for itself."""
    if any(delivery.attempts > 1 for delivery in deliveries):
        return False
    try:
        consumer(name).handle_all([delivery.event for delivery in deliveries])
    except Exception:
        logger.info("batch_taken_apart", consumer=name, exc_info=True)
        return False
    return True


def _took_effect(delivery, destinations) -> bool:
    to = consumer(delivery.consumer)
    try:
        if delivery.attempts > to.max_attempts:
            raise RelayDied("No attempt came to an end: each relay that tried it died or froze.")
        to.handle(delivery.event)
    except Exception as error:
        _note_failure(delivery, error, to=to, destinations=destinations)
        return False
    destinations.note_answer(to.name)
    return True


def _note_failure(delivery, error, *, to, destinations):
    """Whose fault it was decides how it goes on."""
    logger.warning(
        "delivery_failed", consumer=to.name, message=delivery.event.type, attempt=delivery.attempts,
        correlation_id=str(delivery.correlation_id), exc_info=True,
    )  # fmt: skip
    if is_outage(error):
        destinations.note_outage(to.name, error)
        delivery.hold_up(error)
        return
    destinations.note_answer(to.name)
    if isinstance(error, Gap):
        gaps.settle(delivery, error, consumer=to)
    elif isinstance(error, UnknownMessage):
        delivery.shelve(error)
    else:
        delivery.fail(error, max_attempts=to.max_attempts, longest_pause=to.longest_pause)


@contextmanager
def collecting():
    """Collect (database, correlation id) of what this thread made deliverable, instead of pushing one in the other."""
    _thread.collected = set()
    try:
        yield _thread.collected
    finally:
        _thread.collected = None


def collected():
    """The set of the enclosing `collecting`, or None outside one."""
    return getattr(_thread, "collected", None)
