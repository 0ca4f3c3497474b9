"""Hand events to their consumers: claim a batch, let each take effect, say so.

Any number of relays may run at once, and each may die at any point: a lease ends by itself, an inbox lets the
repeated event take effect once.
"""

import threading
import time
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections

from events.consumers import consumer, consumers
from events.models import Delivery

logger = structlog.get_logger(__name__)
_thread = threading.local()


class RelayDied(Exception):
    """A delivery whose every attempt ended with its relay: it would kill the next one too."""


def relay(*, external=False, limit=100) -> int:
    """Deliver everything that is due in every database, in batches; returns how many were tried."""
    names = [each.name for each in consumers(external=external)]
    tried = 0
    with collecting():
        while batch := sum(_reached(using, names, limit=limit) for using in connections):
            tried += batch
    return tried


def _reached(using, names, *, limit) -> int:
    """One database that is away holds up no other."""
    try:
        return deliver_batch(using=using, consumers=names, limit=limit)
    except (OperationalError, InterfaceError):
        logger.warning("database_not_reached", database=using, exc_info=True)
        connections[using].close()
        return 0


def deliver_batch(*, using, consumers, correlation_id=None, limit=100) -> int:
    """Claim and deliver the heads of up to `limit` lanes; returns how many were tried."""
    batch = Delivery.claim(using=using, consumers=consumers, correlation_id=correlation_id, limit=limit)
    stop_at = time.monotonic() + settings.DELIVERY_LEASE_SECONDS / 2  # past it another relay might take the rest
    done = []
    for delivery in batch:
        if time.monotonic() > stop_at:
            delivery.release()
        elif _delivered(delivery):
            done.append(delivery)
    Delivery.finish(done, using=using)
    return len(batch)


def _delivered(delivery) -> bool:
    try:
        if delivery.attempts > consumer(delivery.consumer).max_attempts:
            raise RelayDied("No attempt came to an end: each relay that tried it died or froze.")
        consumer(delivery.consumer).handle(delivery.event)
    except Exception as error:
        logger.warning(
            "delivery_failed",
            consumer=delivery.consumer,
            message=delivery.event.type,
            correlation_id=str(delivery.correlation_id),
            attempt=delivery.attempts,
            exc_info=True,
        )
        delivery.fail(error, max_attempts=consumer(delivery.consumer).max_attempts)
        return False
    return True


@contextmanager
def collecting():
    """Collect (database, correlation id) of what commits in this thread, instead of pushing it one inside the other."""
    _thread.collected = set()
    try:
        yield _thread.collected
    finally:
        _thread.collected = None


def collected():
    """The set of the enclosing `collecting`, or None outside one."""
    return getattr(_thread, "collected", None)
