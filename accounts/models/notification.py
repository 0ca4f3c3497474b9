from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from events.ids import uuid7


class Notification(models.Model):
    """What the fan is told about a reservation, in his account."""

    class Kind(models.TextChoices):
        CONFIRMED = "ReservationConfirmed", _("Your seats are booked")
        FAILED = "ReservationFailed", _("Your purchase did not go through")
        CANCELLED = "ReservationCancelled", _("Your reservation is cancelled")
        REFUND = "RefundRequested", _("Your payment came too late and goes back to you")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="notifications")
    kind = models.CharField(_("kind"), max_length=50, choices=Kind)
    data = models.JSONField(help_text="The message's fields: concert, time, seats, amounts.")
    event_id = models.UUIDField(unique=True)
    created_at = models.DateTimeField(_("at"), db_default=Now())
    read_at = models.DateTimeField(_("read at"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("notification"), _("notifications")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.kind} {self.user}"
