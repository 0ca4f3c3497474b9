"""After a commit the same process hands the new events to those a fan waits for. The worker does all the rest."""

import threading
from contextlib import contextmanager

import structlog
from django.conf import settings

from events import relay
from events.consumers import consumers

logger = structlog.get_logger(__name__)
_thread = threading.local()


def after_commit(*, using, correlation_id):
    """Deliver what was just committed, and what follows from it, to the urgent consumers.

    Never raises: what is committed stays committed, and the worker delivers what could not be delivered here.
    """
    if not settings.PUSH_AFTER_COMMIT:
        return
    if _todo() is not None:  # a consumer's own commit, inside a push or a relay: the loop outside goes on with it
        _todo().add((using, correlation_id))
        return
    with collecting() as todo:
        todo.add((using, correlation_id))
        try:
            _drain(todo)
        except Exception:
            logger.warning("push_failed", correlation_id=str(correlation_id), exc_info=True)


@contextmanager
def collecting():
    """Collect what commits in this thread would push, instead of pushing it one inside the other."""
    _thread.todo = set()
    try:
        yield _thread.todo
    finally:
        _thread.todo = None


def _todo():
    return getattr(_thread, "todo", None)


def _drain(todo):
    names = [consumer.name for consumer in consumers(urgent=True)]
    while todo:
        using, correlation_id = todo.pop()
        while relay.deliver_batch(using=using, consumers=names, correlation_id=correlation_id):
            pass
