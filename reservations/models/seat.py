from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from events.ids import uuid7
from reservations.models.performance import Performance


class SeatQuerySet(models.QuerySet):
    def lock(self, ids):
        """The seats under FOR UPDATE, by id: the order of all who lock seats (docs/locking.md)."""
        return list(self.filter(id__in=ids).order_by("id").select_for_update())

    def nearest_to(self, seat):
        return self.order_by((F("x") - seat.x) * (F("x") - seat.x) + (F("y") - seat.y) * (F("y") - seat.y), "order")


class Seat(models.Model):
    """A seat of one performance."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    performance = models.ForeignKey(Performance, models.CASCADE, related_name="seats", verbose_name=_("performance"))
    order = models.PositiveIntegerField()
    section = models.CharField(_("section"), max_length=100)
    row = models.CharField(_("row"), max_length=50)
    number = models.CharField(_("number"), max_length=50)
    grade = models.CharField(_("grade"), max_length=100)
    x = models.FloatField()
    y = models.FloatField()
    accessible = models.BooleanField(_("wheelchair place"), default=False)
    restricted_view = models.BooleanField(_("restricted view"), default=False)

    objects = SeatQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("seat"), _("seats")
        ordering = ["performance", "order"]
        constraints = [
            models.UniqueConstraint(fields=["performance", "section", "row", "number"], name="one_seat_per_number"),
        ]
        indexes = [models.Index(fields=["performance", "section", "grade"], name="seats_alike")]

    def __str__(self):
        return self.label

    @property
    def label(self):
        return " ".join(part for part in (self.section, self.row, self.number) if part)

    @classmethod
    def planned(cls, performance, order, seat):
        """A seat from a layout's JSON."""
        names = ("section", "row", "number", "grade", "x", "y", "accessible", "restricted_view")
        return cls(performance=performance, order=order, **{name: seat[name] for name in names})
