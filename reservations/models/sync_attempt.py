from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from events.ids import uuid7


class SyncAttempt(models.Model):
    """One call to the data platform and what became of it."""

    class Outcome(models.TextChoices):
        SUCCESS = "success", _("success")
        FAILURE = "failure", _("failure")
        UNKNOWN = "unknown", _("unknown")  # it may have arrived

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reservation_id = models.UUIDField(db_index=True)
    event_id = models.UUIDField()
    idempotency_key = models.CharField(max_length=100, db_index=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    http_status = models.PositiveSmallIntegerField(null=True)
    platform_id = models.CharField(max_length=100, blank=True, help_text="The object's id at the platform.")
    error = models.TextField(blank=True)
    request_hash = models.CharField(max_length=64)
    duration_ms = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return f"{self.idempotency_key}: {self.outcome}"
