from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from events.ids import uuid7
from payments.models.point_account import PointAccount


class House(models.TextChoices):
    """The house's accounts: codes without a stored balance, so that no row of theirs is hot. Their balance is a sum."""

    TOP_UP_CLEARING = "house:top-up-clearing", _("top-up clearing")
    SALES_REVENUE = "house:sales-revenue", _("sales revenue")
    CANCELLATION_FEES = "house:cancellation-fees", _("cancellation fees")


class TransferQuerySet(models.QuerySet):
    def of(self, account):
        return self.filter(Q(source=account.code) | Q(target=account.code))


class Transfer(models.Model):
    """Points that went from one account to another: an immutable double entry, balanced by its shape."""

    class Kind(models.TextChoices):
        CHARGE = "charge", _("charge")
        DEBIT = "debit", _("payment")
        REFUND = "refund", _("refund")
        FEE = "fee", _("cancellation fee")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    key = models.UUIDField(help_text="The charge or reservation: one transfer of a kind for each.")
    source = models.CharField(_("from"), max_length=60)
    target = models.CharField(_("to"), max_length=60)
    amount = models.PositiveBigIntegerField(_("points"))
    balance_after = models.BigIntegerField(
        _("balance after"), null=True, help_text="Of the fan's account, if one is in it."
    )
    at = models.DateTimeField(_("at"), db_default=Now())

    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("transfer"), _("transfers")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="one_transfer_per_kind_and_key"),
            models.CheckConstraint(condition=Q(amount__gte=1), name="a_transfer_moves_points"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="a_transfer_has_two_accounts"),
        ]
        indexes = [
            models.Index(fields=["source", "-id"], name="transfers_from"),
            models.Index(fields=["target", "-id"], name="transfers_to"),
        ]

    def __str__(self):
        return f"{self.kind} {self.amount:,} P"

    @classmethod
    def to_fan(cls, account, amount, *, source, kind, key):
        """Credit the locked account."""
        account.add(amount)
        return cls._write(kind, key, source, account.code, amount, account.balance)

    @classmethod
    def from_fan(cls, account, amount, *, target, kind, key):
        """Debit the locked account. Raises InsufficientPoints."""
        account.add(-amount)
        return cls._write(kind, key, account.code, target, amount, account.balance)

    @classmethod
    def within_house(cls, amount, *, source, target, kind, key):
        return cls._write(kind, key, source, target, amount, None)

    @classmethod
    def _write(cls, kind, key, source, target, amount, balance_after):
        return cls.objects.create(
            kind=kind, key=key, source=source, target=target, amount=amount, balance_after=balance_after
        )

    def signed_for(self, account: PointAccount) -> int:
        """The amount as that account sees it: negative when it went out."""
        return self.amount if self.target == account.code else -self.amount
