"""Which tokens have ended before their time, as this process knows it.

One thread at a time asks the database, at most every `EVERY` seconds; the others go on with what was known.
"""

import threading
import time
from datetime import timedelta

import structlog
from django.db import Error
from django.db.models.functions import Now

from accounts.models import ApiToken, Revocation
from events import bus
from events.clock import database_now

logger = structlog.get_logger(__name__)
EVERY = 0.5  # seconds
TRUSTED = 5  # seconds: what is known is worth nothing after that, if the database does not answer
OVERLAP = timedelta(minutes=1)  # a transaction may show its rows later than others that began after it
ANEW = 600  # seconds: then all are read again, and those that are over forgotten


class Revocations:
    def __init__(self):
        self._asking = threading.Lock()
        self._digests = set()
        self._by_database = None  # its time when it was asked
        self._asked_at = self._known_at = self._anew_at = float("-inf")  # by our own clock, which only goes forward

    def vouch(self, *, digest, expires_at) -> bool:
        """Whether a token that we have signed may be taken for good without asking. False: ask the database."""
        self._ask_if_due()
        if time.monotonic() - self._known_at > TRUSTED or digest in self._digests:
            return False
        return expires_at > self._by_database + timedelta(seconds=TRUSTED)

    def add(self, digest):
        """What this process knows already."""
        self._digests.add(digest)

    def is_due(self):
        """Ask the database at the next question."""
        self._asked_at = float("-inf")

    def _ask_if_due(self):
        if time.monotonic() - self._asked_at > EVERY and self._asking.acquire(blocking=False):
            try:
                self._asked_at = time.monotonic()
                self._ask()
            except Error:
                logger.warning("revocations_unknown", exc_info=True)
            finally:
                self._asking.release()

    def _ask(self):
        started = time.monotonic()
        by_database = database_now(bus.home(Revocation))
        if started - self._anew_at > ANEW:
            self._digests = set(self._read(expires_at__gt=Now()))
            self._anew_at = started
        else:
            self._digests.update(self._read(at__gt=self._by_database - OVERLAP))
        self._by_database, self._known_at = by_database, started

    def _read(self, **which):
        return Revocation.objects.filter(**which).values_list("digest", flat=True)


known = Revocations()


def sign_out(token: ApiToken):
    """The token is worth nothing any more; to another process that does not ask the database, after EVERY seconds."""
    token.delete()
    known.add(token.digest)
