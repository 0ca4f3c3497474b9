"""Dead and shelved deliveries by what befell them: one group for each state, consumer and fault.

However many there are, it stays cheap: groups are found by jumping from one to the next in the index, and nothing is
counted further than MOST.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connections

from events.models.lanes import UNFINISHED

MOST = 2_000  # counted; one more than that means: more
MOST_GROUPS = 200

OPEN = "d.state IN ('dead', 'shelved')"
GROUPS = f"""
WITH RECURSIVE kinds AS (
    (SELECT d.state, d.consumer, d.fingerprint FROM events_delivery d WHERE {OPEN}
      ORDER BY d.state, d.consumer, d.fingerprint LIMIT 1)
    UNION ALL
    SELECT next.* FROM kinds k CROSS JOIN LATERAL (
        SELECT d.state, d.consumer, d.fingerprint FROM events_delivery d
         WHERE {OPEN} AND (d.state, d.consumer, d.fingerprint) > (k.state, k.consumer, k.fingerprint)
         ORDER BY d.state, d.consumer, d.fingerprint LIMIT 1) AS next
), asked AS (SELECT * FROM kinds LIMIT {MOST_GROUPS})
"""  # noqa: S608
GROUP = "WITH asked (state, consumer, fingerprint) AS (VALUES (%(state)s, %(consumer)s, %(fingerprint)s))"
IN_GROUP = f"{OPEN} AND d.state = k.state AND d.consumer = k.consumer AND d.fingerprint = k.fingerprint"
TOLD = f"""
SELECT k.state, k.consumer, k.fingerprint, letters.*, behind.*,
       (SELECT min(d.failed_at) FROM events_delivery d WHERE {IN_GROUP}) AS first_seen,
       (SELECT max(d.failed_at) FROM events_delivery d WHERE {IN_GROUP}) AS last_seen
  FROM asked k
 CROSS JOIN LATERAL (
       SELECT count(*) AS count, array_agg(DISTINCT type) AS types, count(DISTINCT aggregate) AS lanes,
              count(DISTINCT correlation_id) AS stories,
              coalesce(sum(amount::numeric) FILTER (WHERE counts), 0)::bigint AS points,
              coalesce((array_agg(DISTINCT concert) FILTER (WHERE concert <> ''))[:3], '{{}}') AS concerts
         FROM (SELECT e.type, (d.aggregate_type, d.aggregate_id) AS aggregate, d.correlation_id,
                      e.data ->> 'amount' AS amount, jsonb_typeof(e.data -> 'amount') = 'number' AS counts,
                      e.data ->> 'concert_title' AS concert
                 FROM events_delivery d JOIN events_event e ON e.id = d.event_id
                WHERE {IN_GROUP} LIMIT {MOST + 1}) AS letter) AS letters
 CROSS JOIN LATERAL (
       SELECT count(*) AS followers
         FROM (SELECT 1 FROM (SELECT * FROM events_delivery d WHERE {IN_GROUP} LIMIT {MOST + 1}) AS d
                 JOIN events_delivery b ON b.consumer = d.consumer AND b.aggregate_type = d.aggregate_type
                  AND b.aggregate_id = d.aggregate_id AND b.seq > d.seq AND b.state IN {UNFINISHED}
                LIMIT {MOST + 1}) AS follower) AS behind
 WHERE letters.count > 0
 ORDER BY letters.count DESC, k.consumer, k.fingerprint
"""  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Group:
    """Letters of one state, consumer and fault, and what they hold up: followers in their lanes, stories, points.

    Counts end at MOST + 1. `points` are those that the letters speak of; concerts: three of their titles at most.
    """

    using: str
    state: str
    consumer: str
    fingerprint: str
    count: int
    types: list[str]
    lanes: int
    stories: int
    points: int
    concerts: list[str]
    followers: int
    first_seen: datetime | None
    last_seen: datetime | None

    @property
    def fault(self) -> str:
        """The exception's class."""
        return self.fingerprint.split(" ")[0]


def groups(using) -> list[Group]:
    """Of that database, the largest first; at most MOST_GROUPS."""
    return _told(GROUPS + TOLD, {}, using)


def group(using, *, state, consumer, fingerprint) -> Group | None:
    """None when there is no such letter any more."""
    asked = {"state": state, "consumer": consumer, "fingerprint": fingerprint}
    return next(iter(_told(GROUP + TOLD, asked, using)), None)


def _told(statement, asked, using):
    with connections[using].cursor() as cursor:
        cursor.execute(statement, asked)
        names = [column.name for column in cursor.description]
        return [Group(using=using, **dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
