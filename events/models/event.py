from dataclasses import dataclass
from uuid import UUID

from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models.functions import Now, Substr

from events.ids import uuid7

TRACE = Substr("traceparent", 4, 32)


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where an event stands among what one consumer gets of an aggregate.

    prev_seq: of the event before it that was sent to the same consumer; 0 when there was none, None when nobody knows.
    """

    aggregate_type: str
    aggregate_id: UUID
    seq: int
    prev_seq: int | None = None


class EventQuerySet(models.QuerySet):
    def in_trace(self, trace_id):
        """Published in the W3C trace of that id, 32 hex digits."""
        return self.alias(trace=TRACE).filter(trace=trace_id)


class Event(models.Model):
    """A fact in the immutable ledger, written in the transaction that made it true."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    aggregate_type = models.CharField(max_length=50)
    aggregate_id = models.UUIDField()
    seq = models.PositiveIntegerField(help_text="The aggregate's version, taken under its row's lock.")
    type = models.CharField(max_length=100)
    data = models.JSONField()
    correlation_id = models.UUIDField(db_index=True, help_text="The reservation or charge that it is all about.")
    causation_id = models.UUIDField(null=True, help_text="The event that this one is the effect of.")
    actor = models.CharField(max_length=200)
    traceparent = models.CharField(max_length=55)
    occurred_at = models.DateTimeField(db_default=Now())

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["aggregate_type", "aggregate_id", "seq"], name="one_event_per_version"),
        ]
        indexes = [HashIndex(TRACE, name="event_trace")]  # a hash is small and quick to write, and nobody sorts by it
        ordering = ["id"]

    def __str__(self):
        return f"{self.type} {self.aggregate_id} v{self.seq}"

    @property
    def trace_id(self) -> str:
        """Of the W3C trace that it was said in; "" when nobody knows."""
        return self.traceparent[3:35]

    @property
    def position(self) -> Position:
        """In the lane that it was handed over in; its own place in the ledger unless somebody has set another."""
        return getattr(self, "_position", None) or Position(
            aggregate_type=self.aggregate_type, aggregate_id=self.aggregate_id, seq=self.seq
        )

    @position.setter
    def position(self, position):
        self._position = position

    @classmethod
    def record(cls, message, *, by, using, context):
        return cls.objects.using(using).create(
            aggregate_type=by._meta.label,
            aggregate_id=by.pk,
            seq=by.version,
            type=type(message).__name__,
            data=message.to_data(),
            correlation_id=by.correlation_id,
            causation_id=context.causation_id,
            actor=context.actor,
            traceparent=context.traceparent,
        )

    def again(self, *, by):
        """The same fact, said once more because of an operator's action; in a lane of its own, behind nothing."""
        copied = {name: getattr(self, name) for name in ("type", "data", "correlation_id", "occurred_at")}
        return type(self).objects.using(self._state.db).create(
            aggregate_type=by._meta.label, aggregate_id=by.pk, seq=1, causation_id=self.pk,
            actor=f"operator:{by.operator}", traceparent=self.traceparent, **copied,
        )  # fmt: skip
