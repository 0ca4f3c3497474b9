"""What this process of the shop sees, written down once a second, away from the fans' requests."""

import time
from contextlib import closing, suppress
from datetime import timedelta
from threading import Lock, Thread

import structlog
from django.db import connections
from django.db.models.functions import Now

from events import bus
from queueing.models import Load, ShopLoad

logger = structlog.get_logger(__name__)
QUIET_SECONDS = 60  # between two complaints


class Tally:
    """Counts requests, and writes them every so many seconds from a thread that lives while there is something to tell.

    Counting waits for no database and never raises. A process that dies loses what it saw since it last wrote.
    """

    def __init__(self, *, every=1.0):
        self.every = every
        self.forget()

    def forget(self):
        """Begin anew; also after a fork, where the counts are the parent's and its thread is gone."""
        self._lock, self._writer = Lock(), None
        self._seen, self._since, self._quiet_until = Load(), None, 0.0

    def count(self, *, slow, failed):
        with self._lock:
            self._add(Load(1, int(slow), int(failed)), since=time.monotonic())
            if not self._writer or not self._writer.is_alive():
                self._start()

    def wait(self, *, timeout=None):
        """Until all that was seen has been written, or no longer than the timeout."""
        writer = self._writer
        if writer:
            writer.join(timeout)

    def _start(self):
        """Where no thread can be had just now, the next request tries again."""
        self._writer = Thread(target=self._write_on, name="shop-load", daemon=True)
        with suppress(RuntimeError):
            self._writer.start()

    def _write_on(self):
        time.sleep(self.every)
        while taken := self._take():
            self._write(*taken)
            time.sleep(self.every)

    def _take(self):
        """(what was seen, since when); None, and the thread is over, where that is nothing."""
        with self._lock:
            if not self._seen.requests:
                self._writer = None
                return None
            taken, self._seen, self._since = (self._seen, self._since), Load(), None
        return taken

    def _write(self, seen, since):
        """The row is dated when its first request ended: what comes late belongs to then, and not to now."""
        try:
            with closing(connections[bus.home(ShopLoad)]):
                at = Now() - timedelta(seconds=time.monotonic() - since)
                ShopLoad.objects.create(at=at, **seen._asdict())
        except Exception as error:
            with self._lock:
                self._add(seen, since=since)
            self._complain(error)

    def _add(self, load, *, since):
        self._seen = self._seen.plus(load)
        self._since = since if self._since is None else min(since, self._since)

    def _complain(self, error):
        if time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            logger.warning("shop_load_not_written", exc_info=error)
