from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from events import bus
from events.aggregate import WrongStatus
from events.ids import uuid7
from events.models import OperatorAction
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
        indexes = [
            models.Index(fields=["performance"], name="seats_taken", include=["price"], condition=Q(ended_at=None))
        ]
        permissions = [("end_claim", _("Can end a claim whose reservation is over"))]
        constraints = [
            models.UniqueConstraint(
                fields=["performance", "seat"], condition=Q(ended_at=None), name="one_live_claim_per_seat"
            )
        ]

    def __str__(self):
        return f"{self.seat} ({self.reservation_id})"

    def end(self, *, seen, operator, reason, operator_id=None):
        """By hand: the seat of a reservation that is over, at the version seen, is free again. Raises WrongStatus."""
        over = [status for status in Reservation.Status if status not in Reservation.LIVE]
        with bus.atomic(self):
            self.reservation.lock()
            live = type(self).objects.filter(pk=self.pk, ended_at=None, reservation__status__in=over)
            if self.reservation.version != seen or not live.update(ended_at=Now()):
                raise WrongStatus(self.reservation, expected=over)
            OperatorAction.record(
                using=bus.home(self), operator=operator, operator_id=operator_id, reason=reason, action="claim.end",
                target_type="claim", target_id=self.pk, before={"ended": False}, after={"ended": True},
            )  # fmt: skip
