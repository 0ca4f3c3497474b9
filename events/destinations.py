"""Whom the relay may deliver to just now, as far as is known."""

import structlog
from django.db import InterfaceError, OperationalError, connections

from events.consumers import consumer
from events.models import Destination

logger = structlog.get_logger(__name__)
NOT_REACHED = (OperationalError, InterfaceError)


class Destinations:
    """What stood in the consumers' homes when it was made, and what was found out since. For one round of a relay.

    A home that is not reached is asked again with the next round; till then nobody who lives there gets anything.
    """

    def __init__(self, names):
        self._names, self._known, self._unreached = list(names), {}, set()
        for database in {consumer(name).database for name in self._names}:
            self._read(database)

    @property
    def open(self) -> list[str]:
        """Consumers that get what is due."""
        return [name for name in self._names if self._is_reached(name) and not self._is_barred(name)]

    @property
    def away(self) -> list[str]:
        """Consumers that get at most a probe."""
        return [name for name, row in self._known.items() if row.away_since and not row.paused]

    def is_open(self, name) -> bool:
        return self._is_reached(name) and not self._is_barred(name)

    def take_probe(self, name) -> bool:
        return self._is_reached(name) and Destination.take_probe(name, using=consumer(name).database)

    def give_probe_back(self, name):
        Destination.give_probe_back(name, using=consumer(name).database)

    def note_answer(self, name):
        """It took effect, or failed by its own fault: somebody was there."""
        if name in self._known and self._known[name].outages:
            Destination.note_answer(name, using=consumer(name).database)
            self._read(consumer(name).database)

    def note_outage(self, name, error):
        database = consumer(name).database
        if isinstance(error, NOT_REACHED):
            self._give_up(database)
            return
        try:
            Destination.note_outage(name, using=database, error=error)
            self._read(database)
        except NOT_REACHED:
            self._give_up(database)

    def _read(self, database):
        mine = [name for name in self._names if consumer(name).database == database]
        try:
            rows = Destination.objects.using(database).in_bulk(mine)
        except NOT_REACHED:
            self._give_up(database)
        else:
            self._known |= rows

    def _give_up(self, database):
        logger.warning("home_not_reached", database=database, exc_info=True)
        connections[database].close()
        self._unreached.add(database)

    def _is_reached(self, name):
        return consumer(name).database not in self._unreached

    def _is_barred(self, name):
        row = self._known.get(name)
        return row is not None and (row.paused or row.away_since is not None)
