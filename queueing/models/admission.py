from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

TICK = "tick"
RETURN = "return"  # by a tick, but of a fan who came back with a number that was passed already


class AdmissionQuerySet(models.QuerySet):
    def to(self, *, concert_id, account_id, number):
        """The one to that place, if it was one."""
        return self.filter(room__concert_id=concert_id, account_id=account_id, number=number)

    def of_the_minute_before(self, minute):
        return self.filter(at__gte=minute - timedelta(minutes=1), at__lt=minute)


class Admission(models.Model):
    """A fan was let in. What the promises about order and limits are checked against; never changed."""

    room = models.ForeignKey("queueing.Room", models.PROTECT, related_name="admissions", verbose_name=_("room"))
    number = models.PositiveBigIntegerField(_("number"))
    account_id = models.UUIDField(_("account"))
    at = models.DateTimeField(_("at"), help_text=_("By the clock of the room."))
    until = models.DateTimeField(_("until"), null=True, help_text=_("End of the time to buy, as promised at last."))
    ended_at = models.DateTimeField(_("ended at"), null=True, help_text=_("Paid or left; empty where time ended it."))
    given_back = models.BooleanField(
        _("given back"), default=False, help_text=_("The slot came back to the fan after a payment that failed.")
    )
    active_after = models.PositiveIntegerField(_("active after it"))
    limit_then = models.PositiveIntegerField(_("limit then"))
    by = models.CharField(
        _("by"), max_length=200, default=TICK, help_text=_("“tick”, “return”, or the operator's name.")
    )

    objects = AdmissionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("admission"), _("admissions")
        constraints = [models.UniqueConstraint("room", "number", name="one_admission_per_number")]
        indexes = [
            models.Index("account_id", name="admission_by_account"),
            models.Index("room", "at", name="admission_by_time"),
            models.Index("room", "until", name="admission_still_in", condition=models.Q(ended_at=None)),
        ]
        ordering = ["-id"]

    def __str__(self):
        return f"{self.room_id}:{self.number}"

    @classmethod
    def record(cls, admissions):
        """Write those down that nobody has written yet; any number of processes may do it at once."""
        cls.objects.bulk_create(admissions, ignore_conflicts=True)
