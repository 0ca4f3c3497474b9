"""After a commit the same process hands the new events to those a fan waits for. The worker does all the rest."""

import structlog
from django.conf import settings

from events import relay
from events.consumers import consumers
from events.destinations import Destinations

logger = structlog.get_logger(__name__)


def after_commit(*, using, correlation_id):
    """Deliver what was just committed, and what follows from it, to the urgent consumers.

    Never raises: what is committed stays committed, and the worker delivers what could not be delivered here.
    """
    if not settings.PUSH_AFTER_COMMIT:
        return
    if relay.collected() is not None:  # a consumer's own commit: the loop that delivers to it goes on with this
        relay.collected().add((using, correlation_id))
        return
    with relay.collecting() as todo:
        todo.add((using, correlation_id))
        try:
            _drain(todo)
        except Exception:
            logger.warning("push_failed", correlation_id=str(correlation_id), exc_info=True)


def _drain(todo):
    names = [consumer.name for consumer in consumers(urgent=True)]
    destinations = Destinations(names)
    while todo:
        using, correlation_id = todo.pop()
        relay.deliver_batch(using=using, consumers=names, correlation_id=correlation_id, destinations=destinations)
