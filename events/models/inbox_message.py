from django.db import connections, models
from django.db.models.functions import Now


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
        indexes = [models.Index(fields=["consumer", "aggregate_id", "seq"], name="inbox_lane")]

    def __str__(self):
        return f"{self.consumer} {self.event_id}"

    @classmethod
    def first_time(cls, event, *, consumer, using) -> bool:
        """Note the event. False when it took effect before; waits for a transaction that notes it now."""
        table = connections[using].ops.quote_name(cls._meta.db_table)
        with connections[using].cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (consumer, event_id, aggregate_type, aggregate_id, seq) "  # noqa: S608
                "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (consumer, event_id) DO NOTHING",
                [consumer, event.id, event.aggregate_type, event.aggregate_id, event.seq],
            )
            return cursor.rowcount == 1

    @classmethod
    def knows(cls, event, *, consumer, using) -> bool:
        return cls.objects.using(using).filter(consumer=consumer, event_id=event.id).exists()
