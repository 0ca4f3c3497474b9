from django.db import models


class LaneCursor(models.Model):
    """How far a consumer is with an aggregate's events. In the consumer's database, beside the effect; never pruned.

    It knows a repeat for ever, and a gap: an event whose predecessor, by `prev_seq`, it has not seen.
    """

    pk = models.CompositePrimaryKey("consumer", "aggregate_type", "aggregate_id")
    consumer = models.CharField(max_length=50)
    aggregate_type = models.CharField(max_length=50)
    aggregate_id = models.UUIDField()
    seq = models.PositiveIntegerField(help_text="Of the last event that took effect.")
    prev_seq = models.PositiveIntegerField(help_text="Of the one before it.")

    def __str__(self):
        return f"{self.consumer} {self.aggregate_id} v{self.seq}"

    @classmethod
    def seq_of(cls, position, *, consumer, using) -> int:
        """0 when nothing of that aggregate took effect so far."""
        lane = cls.objects.using(using).filter(
            consumer=consumer, aggregate_type=position.aggregate_type, aggregate_id=position.aggregate_id
        )
        return lane.values_list("seq", flat=True).first() or 0
