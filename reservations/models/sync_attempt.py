from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from events.ids import uuid7


class SyncAttemptQuerySet(models.QuerySet):
    def unresolved(self, reservation_id):
        """Of each key of that reservation the last, oldest first, if nobody knows yet whether the platform has it."""
        attempts = self.filter(reservation_id=reservation_id).order_by("idempotency_key", "-at", "-id")
        last = attempts.distinct("idempotency_key")
        return sorted((each for each in last if each.outcome == SyncAttempt.Outcome.UNKNOWN), key=lambda each: each.at)


class SyncAttempt(models.Model):
    """One call to the data platform and what became of it: it was told something (POST), or asked for it (GET)."""

    class Outcome(models.TextChoices):
        SUCCESS = "success", _("success")  # the platform has it
        FAILURE = "failure", _("failure")  # it has not, or something else
        ABSENT = "absent", _("not there")  # asked, and it has not
        UNKNOWN = "unknown", _("unknown")  # it may have arrived

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reservation_id = models.UUIDField(db_index=True)
    event_id = models.UUIDField()
    idempotency_key = models.CharField(max_length=100, db_index=True)
    method = models.CharField(max_length=4, db_default="POST")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.UNKNOWN)
    http_status = models.PositiveSmallIntegerField(null=True)
    platform_id = models.CharField(max_length=100, blank=True, help_text="The object's id at the platform.")
    error = models.TextField(blank=True, default="No answer was noted: the process died, or is at it.")
    request_hash = models.CharField(max_length=64)
    duration_ms = models.PositiveIntegerField(null=True)
    at = models.DateTimeField(db_default=Now())

    objects = SyncAttemptQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return f"{self.method} {self.idempotency_key}: {self.outcome}"

    @property
    def about(self) -> dict:
        """What every attempt to tell the same has in common."""
        names = ("reservation_id", "event_id", "idempotency_key", "request_hash")
        return {name: getattr(self, name) for name in names}

    def close(self, outcome, *, error=""):
        """Note what became of it."""
        self.outcome, self.error = outcome, str(error)
        self.save()
