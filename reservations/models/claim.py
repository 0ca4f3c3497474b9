from django.db import models
from django.db.models import Q

from events.ids import uuid7
from reservations.models.live import live
from reservations.models.performance import Performance
from reservations.models.reservation import Reservation
from reservations.models.seat import Seat


class ClaimQuerySet(models.QuerySet):
    def live(self, *, now=None):
        """Those that keep their seat from others: not ended, and not of a hold whose time is over."""
        return self.filter(live(now=now))


class Claim(models.Model):
    """A reservation's right to one seat. The schema makes a double sale impossible."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reservation = models.ForeignKey(Reservation, models.PROTECT, related_name="claims")
    performance = models.ForeignKey(Performance, models.PROTECT, related_name="claims")
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="claims")
    price = models.PositiveIntegerField()
    ended_at = models.DateTimeField(null=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["performance", "seat"], condition=Q(ended_at=None), name="one_live_claim_per_seat"
            )
        ]

    def __str__(self):
        return f"{self.seat} ({self.reservation_id})"
