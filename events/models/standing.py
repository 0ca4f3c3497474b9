"""How each consumer stands: what is on its way to it, since when, how fast it takes it, and what stands against it.

However many events there are, it stays cheap: each count is of one state in a partial index and ends at MOST.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import connections
from django.utils.translation import gettext

from events.models.destination import Destination
from events.models.letter_groups import MOST

STATES = ["ready", "leased", "waiting", "parked", "dead", "shelved"]
RECENT = 20_000  # effects that throughput is measured on
MINUTES = 5


def _counted(state):
    rows = f"SELECT 1 FROM events_delivery d WHERE d.consumer = asked.name AND d.state = '{state}' LIMIT {MOST + 1}"  # noqa: S608
    return f"(SELECT count(*) FROM ({rows}) AS {state}) AS {state}"  # noqa: S608


def _due(state):
    return f"""(SELECT d.id, d.event_id FROM events_delivery d
                 WHERE d.consumer = asked.name AND d.state = '{state}' ORDER BY d.available_at LIMIT {MOST + 1})"""  # noqa: S608


# Ids grow with time, so the oldest of those that are due longest is the oldest, or nearly.
UNDER_WAY = f"""
SELECT asked.name, {", ".join(_counted(state) for state in STATES)},
       (SELECT e.occurred_at FROM events_event e WHERE e.id = (
            SELECT event_id FROM ({_due("ready")} UNION ALL {_due("leased")}) AS due
             ORDER BY id LIMIT 1)) AS oldest
  FROM unnest(%(names)s::text[]) AS asked (name)
"""  # noqa: S608
AT_HOME = f"""
WITH recent AS (
    SELECT consumer, at, min(at) OVER () AS since
      FROM (SELECT consumer, at FROM events_inboxmessage ORDER BY id DESC LIMIT {RECENT}) AS newest
     WHERE at > now() - interval '{MINUTES} minutes')
SELECT asked.name,
       (SELECT count(*) FROM recent WHERE consumer = asked.name) AS effects,
       (SELECT CASE WHEN count(*) < {RECENT} THEN {MINUTES * 60} ELSE extract(epoch FROM now() - min(since)) END
          FROM recent) AS seconds,
       d.paused, d.version, d.outages, d.away_since, d.probe_at, d.last_error,
       switch.operator, switch.reason, switch.at
  FROM unnest(%(names)s::text[]) AS asked (name)
  LEFT JOIN events_destination d ON d.consumer = asked.name
  LEFT JOIN LATERAL (
       SELECT operator, reason, at FROM events_operatoraction a
        WHERE d.version > 0 AND a.target_id = asked.name AND a.target_type = 'consumer'
        ORDER BY a.id DESC LIMIT 1) AS switch ON true
"""  # noqa: S608


@dataclass(kw_only=True)
class Standing:
    """Of one consumer, or of the way to another deployment.

    database: where it is paused and its breaker stands; "" when that is out of reach.
    counts: {state: how many, at most MOST + 1}; oldest: when the oldest that is under way was said.
    per_minute: effects, of the last minutes; None when its inbox is out of reach.
    operator, reason, at: of who paused or resumed it last.
    """

    name: str
    database: str
    counts: dict = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    oldest: datetime | None = None
    per_minute: float | None = None
    paused: bool = False
    version: int = 0
    outages: int = 0
    away_since: datetime | None = None
    probe_at: datetime | None = None
    last_error: str = ""
    operator: str = ""
    reason: str = ""
    at: datetime | None = None

    @property
    def word(self) -> str:
        if self.paused:
            return gettext("paused")
        if self.away_since:
            return gettext("away")
        return gettext("open") if self.database else gettext("elsewhere")

    @property
    def row(self) -> Destination:
        """What an operator's verbs are about."""
        row = Destination(consumer=self.name, paused=self.paused, version=self.version)
        row._state.db = self.database
        return row

    def add(self, *, oldest, **counts):
        self.counts = {state: min(n + counts[state], MOST + 1) for state, n in self.counts.items()}
        self.oldest = min(filter(None, [self.oldest, oldest]), default=None)

    def know(self, *, effects, seconds, **known):
        self.per_minute = 60 * effects / max(float(seconds or 0), 1)
        for name, value in known.items():
            if value is not None:
                setattr(self, name, value)


def standing(places, *, authors) -> list[Standing]:
    """Of those in `places`, pairs of a name and a database; authors: the databases whose deliveries to look at."""
    told = [Standing(name=name, database=database) for name, database in places]
    for using in authors:
        rows = _rows(UNDER_WAY, [each.name for each in told], using=using)
        for each in told:
            each.add(**rows[each.name])
    for using in {each.database for each in told if each.database}:
        here = [each for each in told if each.database == using]
        rows = _rows(AT_HOME, [each.name for each in here], using=using)
        for each in here:
            each.know(**rows[each.name])
    return told


def _rows(statement, names, *, using):
    with connections[using].cursor() as cursor:
        cursor.execute(statement, {"names": list(dict.fromkeys(names))})
        columns = [column.name for column in cursor.description[1:]]
        return {name: dict(zip(columns, row, strict=True)) for name, *row in cursor.fetchall()}
