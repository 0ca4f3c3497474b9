from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class RoomMinute(models.Model):
    """How a room was in one minute; for charts. Written by the ticks, pruned after a while."""

    room = models.ForeignKey("queueing.Room", models.CASCADE, related_name="minutes", verbose_name=_("room"))
    at = models.DateTimeField(_("minute"))
    waiting = models.PositiveIntegerField(_("waiting"))
    active = models.PositiveIntegerField(_("active"))
    admitted = models.PositiveIntegerField(_("admitted"))
    inflow = models.FloatField(_("inflow"), default=1)

    class Meta:
        verbose_name, verbose_name_plural = _("minute of a room"), _("minutes of rooms")
        constraints = [models.UniqueConstraint("room", "at", name="one_row_per_minute")]

    def __str__(self):
        return f"{self.room_id} {self.at:%H:%M}"


class ShopLoad(models.Model):
    """What one process of the shop saw in one second: requests, those that were slow, those that failed."""

    at = models.DateTimeField(db_default=Now())
    requests = models.PositiveIntegerField()
    slow = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index("at", name="shop_load_at")]

    def __str__(self):
        return f"{self.at}: {self.requests}, {self.slow} slow, {self.failed} failed"


class Inflow(models.Model):
    """One row: the share of the operators' pace at which the shop can take fans just now, and why."""

    class Reason(models.TextChoices):
        NONE = "", _("the shop keeps up")
        LATENCY = "latency", _("the shop is slow")
        ERRORS = "errors", _("the shop fails")

    share = models.FloatField(default=1)
    reason = models.CharField(max_length=10, choices=Reason, default=Reason.NONE, blank=True)
    slow_percent = models.FloatField(default=0)
    failed_percent = models.FloatField(default=0)
    looked_at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return f"{self.share:.0%} {self.reason}"
