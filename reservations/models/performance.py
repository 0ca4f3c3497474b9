from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case, Count, F, IntegerField, Q, Value, When
from django.db.models.functions import Now
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from events import bus
from events.ids import uuid7
from reservations.models.concert import Concert
from reservations.models.live import live
from reservations.models.sale import Sale
from reservations.models.venue import SeatingPlan


class PerformanceQuerySet(models.QuerySet):
    def on_sale(self):
        return self.filter(sales_open_at__lte=Now(), sales_close_at__gt=Now())

    def with_sale_status(self):
        """Annotates `taken`, the number of seats that nobody can have, and `sale_rank`, a Sale."""
        taken = Count("claims", filter=live(claim="claims__"))
        return self.annotate(taken=taken).annotate(
            sale_rank=Case(
                When(sales_close_at__lte=Now(), then=Value(Sale.CLOSED)),
                When(sales_open_at__gt=Now(), then=Value(Sale.TO_COME)),
                When(taken__gte=F("seat_count"), then=Value(Sale.SOLD_OUT)),
                default=Value(Sale.ON_SALE),
                output_field=IntegerField(),
            )
        )


class Performance(models.Model):
    """A concert on a date."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    concert = models.ForeignKey(Concert, models.PROTECT, related_name="performances", verbose_name=_("concert"))
    plan = models.ForeignKey(SeatingPlan, models.PROTECT, related_name="performances", verbose_name=_("seating plan"))
    starts_at = models.DateTimeField(_("starts at"))
    sales_open_at = models.DateTimeField(_("sales open at"))
    sales_close_at = models.DateTimeField(_("sales close at"))
    seat_limit = models.PositiveSmallIntegerField(
        _("seats per fan"), default=1, validators=[MinValueValidator(1)], help_text=_("At once, over all reservations.")
    )
    seat_count = models.PositiveIntegerField(_("seats"), default=0, editable=False)
    plan_version = models.PositiveIntegerField(default=0, editable=False)

    objects = PerformanceQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("performance"), _("performances")
        ordering = ["starts_at"]
        permissions = [
            ("lay_out_performance", _("Can lay out the seats of a performance")),
            ("export_sales", _("Can export sales")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(seat_limit__gte=1), name="a_fan_may_have_a_seat"),
            models.CheckConstraint(
                condition=Q(sales_open_at__lt=F("sales_close_at")), name="sales_open_before_closing"
            ),
            models.CheckConstraint(condition=Q(sales_close_at__lte=F("starts_at")), name="sales_close_by_the_start"),
        ]

    def __str__(self):
        return f"{self.concert}, {localtime(self.starts_at):%Y-%m-%d %H:%M}"

    @property
    def venue(self):
        return self.plan.venue

    @property
    def sale(self):
        """Needs with_sale_status()."""
        return Sale(self.sale_rank)

    def is_on_sale(self, *, now):
        return self.sales_open_at <= now < self.sales_close_at

    def lay_out(self, *, prices):
        """Make the plan's seats, once. `prices`: {grade: points}, one for each grade, in place of those noted before.

        Raises ValueError.
        """
        planned = self.plan.layout["seats"]
        if missing := {seat["grade"] for seat in planned} - set(prices):
            raise ValueError(f"No price for {', '.join(sorted(missing))}.")
        if self.seat_count:
            raise ValueError(f"{self} has its seats already.")
        with bus.atomic(self):
            self.prices.all().delete()
            self.prices.bulk_create(Price(performance=self, grade=g, amount=a) for g, a in prices.items())
            seat = self.seats.model
            self.seats.bulk_create(seat.planned(self, order, planned) for order, planned in enumerate(planned))
            self.seat_count, self.plan_version = len(planned), self.plan_version + 1
            self.save(update_fields=["seat_count", "plan_version"])


class Price(models.Model):
    performance = models.ForeignKey(Performance, models.CASCADE, related_name="prices")
    grade = models.CharField(_("grade"), max_length=100)
    amount = models.PositiveIntegerField(_("points"), validators=[MinValueValidator(1)])

    class Meta:
        verbose_name, verbose_name_plural = _("price"), _("prices")
        ordering = ["-amount"]
        constraints = [
            models.UniqueConstraint(fields=["performance", "grade"], name="one_price_per_grade"),
            models.CheckConstraint(condition=Q(amount__gte=1), name="a_seat_costs_at_least_a_point"),
        ]

    def __str__(self):
        return f"{self.grade}: {self.amount:,} P"
