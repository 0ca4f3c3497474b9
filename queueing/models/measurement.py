from datetime import timedelta
from typing import NamedTuple

from django.db import models
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Minutes(models.QuerySet):
    KEPT = timedelta(days=7)

    def prune(self) -> int:
        """Forget the oldest; returns how many."""
        return prune(self.filter(at__lt=Now() - self.KEPT))


class RoomMinute(models.Model):
    """How a room was in one minute; for charts. Written by the ticks, pruned after a while."""

    room = models.ForeignKey("queueing.Room", models.CASCADE, related_name="minutes", verbose_name=_("room"))
    at = models.DateTimeField(_("minute"))
    waiting = models.PositiveIntegerField(_("waiting"))
    active = models.PositiveIntegerField(_("active"))
    admitted = models.PositiveIntegerField(_("admitted"))
    inflow = models.FloatField(_("inflow"), default=1)

    objects = Minutes.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("minute of a room"), _("minutes of rooms")
        constraints = [models.UniqueConstraint("room", "at", name="one_row_per_minute")]

    def __str__(self):
        return f"{self.room_id} {self.at:%H:%M}"


class Load(NamedTuple):
    """Requests of the shop, those of them that were slow, those that failed."""

    requests: int = 0
    slow: int = 0
    failed: int = 0

    def plus(self, other):
        return Load(self.requests + other.requests, self.slow + other.slow, self.failed + other.failed)

    @property
    def slow_percent(self) -> float:
        return 100 * self.slow / max(1, self.requests)

    @property
    def failed_percent(self) -> float:
        return 100 * self.failed / max(1, self.requests)

    @property
    def trouble(self) -> "Inflow.Reason":
        """Why fewer fans should come; what fails outweighs what is slow."""
        if self.failed_percent > Inflow.FAILED_PERCENT:
            return Inflow.Reason.ERRORS
        return Inflow.Reason.LATENCY if self.slow_percent > Inflow.SLOW_PERCENT else Inflow.Reason.NONE


class Loads(models.QuerySet):
    KEPT = timedelta(minutes=15)

    def prune(self) -> int:
        """Forget the oldest; returns how many."""
        return prune(self.filter(at__lt=Now() - self.KEPT))


class ShopLoad(models.Model):
    """What one process of the shop saw in one second: requests, those that were slow, those that failed."""

    at = models.DateTimeField(db_default=Now())
    requests = models.PositiveIntegerField()
    slow = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()

    objects = Loads.as_manager()

    class Meta:
        indexes = [models.Index("at", name="shop_load_at")]

    def __str__(self):
        return f"{self.at}: {self.requests}, {self.slow} slow, {self.failed} failed"

    @classmethod
    def between(cls, start, end) -> Load:
        """What all processes saw after start, up to end."""
        sums = {name: Sum(name, default=0) for name in Load._fields}
        return Load(**cls.objects.filter(at__gt=start, at__lte=end).aggregate(**sums))


class Inflow(models.Model):
    """One row: the share of the operators' pace at which the shop can take fans just now, and why."""

    class Reason(models.TextChoices):
        NONE = "", _("the shop keeps up")
        LATENCY = "latency", _("the shop is slow")
        ERRORS = "errors", _("the shop fails")

    SLOW_PERCENT, FAILED_PERCENT = 5, 2  # more than that is trouble

    share = models.FloatField(default=1)
    reason = models.CharField(max_length=10, choices=Reason, default=Reason.NONE, blank=True)
    slow_percent = models.FloatField(default=0)
    failed_percent = models.FloatField(default=0)
    looked_at = models.DateTimeField(db_default=Now())
    cut_at = models.DateTimeField(null=True)

    def __str__(self):
        return f"{self.share:.0%} {self.reason}"

    @classmethod
    def current(cls):
        """The row as it is; one made now says that the shop keeps up."""
        return cls.objects.get_or_create(pk=1)[0]


def prune(rows, *, at_once=1_000) -> int:
    """Delete the rows a few at a time, so that no lock lasts; returns how many."""
    pruned, more = 0, True
    while more:
        gone = rows.model.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[:at_once])).delete()[0]
        pruned, more = pruned + gone, gone == at_once
    return pruned
