from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from events.ids import uuid7


def validate_time_zone(name):
    if name not in available_timezones():
        raise ValidationError(_("There is no time zone %(name)s; write it like Asia/Seoul."), params={"name": name})


class Venue(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=200, unique=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, default="Asia/Seoul", validators=[validate_time_zone])

    class Meta:
        verbose_name, verbose_name_plural = _("venue"), _("venues")
        ordering = ["name"]

    def __str__(self):
        return self.name

    def date_of(self, moment):
        """The calendar day of that moment where the venue is."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()


class SeatingPlan(models.Model):
    """Where a venue's seats are. A performance gets its own copy of the seats."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    venue = models.ForeignKey(Venue, models.CASCADE, related_name="seating_plans", verbose_name=_("venue"))
    name = models.CharField(_("name"), max_length=200)
    layout = models.JSONField(_("layout"), help_text=_("As written by seating_plans.Layout.to_json()."))

    class Meta:
        verbose_name, verbose_name_plural = _("seating plan"), _("seating plans")
        ordering = ["venue", "name"]
        constraints = [models.UniqueConstraint(fields=["venue", "name"], name="one_seating_plan_per_name")]

    def __str__(self):
        return f"{self.venue}: {self.name}"
