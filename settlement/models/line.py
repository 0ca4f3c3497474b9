from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from events.ids import uuid7


class LineQuerySet(models.QuerySet):
    def by_performance(self):
        """Per performance: `gross` sold, `refunded`, `fees` kept of cancellations, and the `payout`, in points."""
        kinds = {name: Sum("amount", filter=Q(kind=kind), default=0) for name, kind in _COLUMNS.items()}
        sums = self.values("performance_id", "concert_title", "starts_at").annotate(**kinds)
        return sums.annotate(payout=Sum("amount", filter=~Q(kind=Line.Kind.FEE))).order_by("starts_at")


class Line(models.Model):
    """What one event changed in what a promoter is owed. Refunds are negative; fees only explain them."""

    class Kind(models.TextChoices):
        SALE = "sale", _("sale")
        REFUND = "refund", _("refund")
        FEE = "fee", _("cancellation fee")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    performance_id = models.UUIDField(_("performance"), db_index=True)
    concert_title = models.CharField(_("concert"), max_length=200)
    starts_at = models.DateTimeField(_("starts at"), null=True)
    reservation_id = models.UUIDField(_("reservation"), db_index=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    amount = models.BigIntegerField(_("points"))
    event_id = models.UUIDField()
    occurred_at = models.DateTimeField(_("at"))

    objects = LineQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("settlement line"), _("settlement lines")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["event_id", "kind"], name="one_line_per_event_and_kind")]

    def __str__(self):
        return f"{self.kind} {self.amount:,} P"


_COLUMNS = {"gross": Line.Kind.SALE, "refunded": Line.Kind.REFUND, "fees": Line.Kind.FEE}
