from django.db import connections, models
from django.db.models.functions import Now

from events.models.lane_cursor import LaneCursor

# The cursor goes on only from where the event's predecessor left it: not past a gap, and never back. Lanes are taken
# in one order, so that two who note the same ones wait for each other and don't lock each other out.
NOTE = """
WITH told AS (
    SELECT * FROM unnest(
        %(types)s::text[], %(aggregates)s::uuid[], %(seqs)s::int[], %(prevs)s::int[], %(events)s::uuid[]
    ) AS t (aggregate_type, aggregate_id, seq, prev_seq, event_id)
), moved AS (
    INSERT INTO events_lanecursor AS lane (consumer, aggregate_type, aggregate_id, seq, prev_seq)
    SELECT %(consumer)s, aggregate_type, aggregate_id, seq, prev_seq FROM told
     WHERE prev_seq = 0 OR (  -- not EXISTS, for which all cursors of the consumer might be read
           SELECT true FROM events_lanecursor c
            WHERE c.consumer = %(consumer)s AND c.aggregate_type = told.aggregate_type
              AND c.aggregate_id = told.aggregate_id)
     ORDER BY aggregate_id, aggregate_type
        ON CONFLICT (consumer, aggregate_type, aggregate_id)
        DO UPDATE SET seq = EXCLUDED.seq, prev_seq = EXCLUDED.prev_seq
           WHERE lane.seq < EXCLUDED.seq AND lane.seq >= EXCLUDED.prev_seq
    RETURNING aggregate_type, aggregate_id, seq
)
INSERT INTO events_inboxmessage (consumer, event_id, aggregate_type, aggregate_id, seq)
SELECT %(consumer)s, event_id, aggregate_type, aggregate_id, seq
  FROM told JOIN moved USING (aggregate_type, aggregate_id, seq)
    ON CONFLICT (consumer, event_id) DO NOTHING
RETURNING event_id
"""


class Gap(Exception):
    """The consumer has not seen the event before this one. It waits; nothing is wrong with it."""

    def __init__(self, position, *, consumer, cursor):
        self.cursor = cursor
        super().__init__(f"{consumer} is at v{cursor} of {position.aggregate_id}; v{position.prev_seq} is missing.")


class InboxMessage(models.Model):
    """An event that took effect at a consumer. Lives in the consumer's database, beside the effect."""

    consumer = models.CharField(max_length=50)
    event_id = models.UUIDField()
    aggregate_type = models.CharField(max_length=50)
    aggregate_id = models.UUIDField()
    seq = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["consumer", "event_id"], name="one_effect_per_event")]

    def __str__(self):
        return f"{self.consumer} {self.event_id}"

    @classmethod
    def first_time(cls, event, *, consumer, using) -> bool:
        """Note the event. False when it, or a later one of its lane, took effect before.

        Waits for a transaction that notes it now. Raises Gap when its predecessor did not take effect yet.
        """
        if cls.note([event], consumer=consumer, using=using):
            return True
        cls.require_repeat(event, consumer=consumer, using=using)
        return False

    @classmethod
    def note(cls, events, *, consumer, using) -> set:
        """Note events of as many lanes; the ids of those that may take effect now."""
        places = [event.position for event in events]
        told = {
            "consumer": consumer,
            "types": [place.aggregate_type for place in places],
            "aggregates": [place.aggregate_id for place in places],
            "seqs": [place.seq for place in places],
            "prevs": [place.prev_seq or 0 for place in places],
            "events": [event.id for event in events],
        }
        with connections[using].cursor() as cursor:
            cursor.execute(NOTE, told)
            return {id for (id,) in cursor.fetchall()}

    @classmethod
    def require_repeat(cls, event, *, consumer, using):
        """An event that could not be noted is a repeat, or it raises Gap."""
        cursor = LaneCursor.seq_of(event.position, consumer=consumer, using=using)
        if event.position.seq > cursor:
            raise Gap(event.position, consumer=consumer, cursor=cursor)

    @classmethod
    def is_new(cls, event, *, consumer, using) -> bool:
        """Whether it is still to take effect. Raises Gap."""
        cursor = LaneCursor.seq_of(event.position, consumer=consumer, using=using)
        if (event.position.prev_seq or 0) > cursor:
            raise Gap(event.position, consumer=consumer, cursor=cursor)
        return event.position.seq > cursor
