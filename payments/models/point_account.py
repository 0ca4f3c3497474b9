from django.db import IntegrityError, models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from events import bus
from events.ids import uuid7


class InsufficientPoints(Exception):
    """The account has fewer points than asked for."""


class PointAccountQuerySet(models.QuerySet):
    def lock_of(self, user_id):
        """The fan's account under FOR UPDATE, opened when there is none; needs a transaction."""
        if account := self.select_for_update().filter(user_id=user_id).first():
            return account
        try:
            with bus.atomic(PointAccount):
                self.create(user_id=user_id)
        except IntegrityError:  # opened by somebody else just now
            pass
        return self.select_for_update().get(user_id=user_id)


class PointAccount(models.Model):
    """A fan's points. The balance changes only under this row's lock, together with a Transfer."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user_id = models.UUIDField(_("fan"), unique=True)
    balance = models.BigIntegerField(_("balance"), default=0)

    objects = PointAccountQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("point account"), _("point accounts")
        constraints = [models.CheckConstraint(condition=Q(balance__gte=0), name="balance_is_never_negative")]

    def __str__(self):
        return f"{self.user_id}: {self.balance:,} P"

    @property
    def code(self):
        """The account's name in the ledger."""
        return f"fan:{self.id}"

    def add(self, amount):
        """Change the balance; needs the row's lock. Raises InsufficientPoints."""
        if self.balance + amount < 0:
            raise InsufficientPoints
        type(self).objects.filter(pk=self.pk).update(balance=F("balance") + amount)
        self.balance += amount
