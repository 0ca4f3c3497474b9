from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from events.ids import uuid7
from reservations.models.sale import Sale


class ConcertQuerySet(models.QuerySet):
    def search(self, words):
        """Those whose title or artist has all the words."""
        found = self
        for word in words.split():
            found = found.filter(Q(title__icontains=word) | Q(artist__icontains=word))
        return found


class Concert(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title = models.CharField(_("title"), max_length=200)
    artist = models.CharField(_("artist"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    poster_url = models.URLField(_("poster"), blank=True)

    objects = ConcertQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("concert"), _("concerts")
        ordering = ["title"]

    def __str__(self):
        return self.title

    @property
    def sale(self):
        """Of one from catalogue.concerts()."""
        return Sale(self.sale_rank)


class CancellationTier(models.Model):
    """A concert's own cancellation fees; a concert without any has those of settings.CANCELLATION_TIERS."""

    concert = models.ForeignKey(Concert, models.CASCADE, related_name="cancellation_tiers")
    days_before = models.PositiveSmallIntegerField(
        _("days before"), help_text=_("Calendar days until the show, at the venue. 0: the day of the show.")
    )
    fee_percent = models.PositiveSmallIntegerField(_("fee in percent"), validators=[MaxValueValidator(100)])

    class Meta:
        verbose_name, verbose_name_plural = _("cancellation fee"), _("cancellation fees")
        ordering = ["-days_before"]
        constraints = [
            models.UniqueConstraint(fields=["concert", "days_before"], name="one_fee_per_day"),
            models.CheckConstraint(condition=models.Q(fee_percent__lte=100), name="fee_is_at_most_the_amount"),
        ]

    def __str__(self):
        return f"{self.days_before} d: {self.fee_percent} %"
