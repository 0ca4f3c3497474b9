from django.db import models
from django.db.models.functions import Now

from events.ids import uuid7


class Transition(models.Model):
    """One line of an aggregate's log: every version has one, also where the status stays."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    aggregate_type = models.CharField(max_length=50)
    aggregate_id = models.UUIDField()
    version = models.PositiveIntegerField()
    from_status = models.CharField(max_length=20, blank=True, help_text="Empty for the first line.")
    to_status = models.CharField(max_length=20)
    cause = models.CharField(max_length=200)
    actor = models.CharField(max_length=200)
    correlation_id = models.UUIDField(db_index=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["aggregate_type", "aggregate_id", "version"], name="one_line_per_version"),
        ]
        ordering = ["id"]

    def __str__(self):
        return f"{self.from_status or '∅'} → {self.to_status} (v{self.version})"
