from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from events import bus
from events.aggregate import Aggregate
from events.messages import PointsCaptured, PointsDeclined, PointsRefunded
from payments.models.point_account import InsufficientPoints, PointAccount
from payments.models.transfer import House, Transfer


class Payment(Aggregate):
    """The points of one reservation: one row carries its debit and its refund.

    Each verb may be asked for any number of times and in any order, and ends in the same state.
    """

    class Status(models.TextChoices):
        CAPTURED = "CAPTURED", _("captured")  # → REFUNDED
        DECLINED = "DECLINED", _("declined")
        REFUNDED = "REFUNDED", _("refunded")
        VOID = "VOID", _("void")  # the refund came first: the debit will be declined

    reservation_id = models.UUIDField(_("reservation"), unique=True)
    user_id = models.UUIDField(_("fan"), db_index=True)
    status = models.CharField(_("status"), max_length=20, choices=Status)
    amount = models.PositiveBigIntegerField(_("points"))
    refunded = models.PositiveBigIntegerField(_("refunded"), default=0)
    fee = models.PositiveBigIntegerField(_("cancellation fee"), default=0)
    decline_reason = models.CharField(_("declined because"), max_length=50, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now())

    class Meta:
        verbose_name, verbose_name_plural = _("payment"), _("payments")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="REFUNDED", amount=F("refunded") + F("fee"))
                | (~Q(status="REFUNDED") & Q(refunded=0, fee=0)),
                name="a_refund_and_its_fee_are_the_amount",
            ),
        ]

    def __str__(self):
        return f"{self.status} {self.amount:,} P"

    @property
    def correlation_id(self):
        return self.reservation_id

    @classmethod
    def debit(cls, *, reservation_id, user_id, amount):
        """Take the points, or decline; asked again, give the same answer again."""
        with bus.atomic(cls):
            account = PointAccount.objects.lock_of(user_id)  # also keeps others from this fan's payments
            payment = cls.objects.filter(reservation_id=reservation_id).first()
            if payment:
                payment._answer_again()
            else:
                cls(reservation_id=reservation_id, user_id=user_id, amount=amount)._capture_or_decline(account)

    @classmethod
    def refund(cls, *, reservation_id, user_id, amount, refund, fee):
        """Give `refund` back and keep `fee`. What was never debited is made void, so that it never will be."""
        with bus.atomic(cls):
            account = PointAccount.objects.lock_of(user_id)
            payment = cls.objects.filter(reservation_id=reservation_id).first()
            if payment is None:
                payment = cls(reservation_id=reservation_id, user_id=user_id, amount=amount, status=cls.Status.VOID)
                payment.begin(cause="refund before debit", message=payment._refunded(refund=0, fee=0))
            elif payment.status == cls.Status.CAPTURED:
                payment._give_back(account, refund=refund, fee=fee)
            else:
                message = payment._refunded(refund=payment.refunded, fee=payment.fee)
                payment.say(message, cause="refund asked again: nothing to do")

    def _capture_or_decline(self, account):
        try:
            Transfer.from_fan(
                account, self.amount, target=House.SALES_REVENUE, kind=Transfer.Kind.DEBIT, key=self.reservation_id
            )
        except InsufficientPoints:
            self.status, self.decline_reason = self.Status.DECLINED, "insufficient_points"
            self.begin(cause="too few points", message=self._declined())
        else:
            self.status = self.Status.CAPTURED
            self.begin(cause="debited", message=self._captured())

    def _answer_again(self):
        if self.status == self.Status.CAPTURED:
            self.say(self._captured(), cause="debit asked again")
        elif self.status == self.Status.DECLINED:
            self.say(self._declined(), cause="debit asked again")
        elif self.status == self.Status.VOID:
            self.say(self._declined(reason="voided"), cause="debit after its refund")
        else:
            self.say(self._refunded(refund=self.refunded, fee=self.fee), cause="debit asked again after its refund")

    def _give_back(self, account, *, refund, fee):
        key = self.reservation_id
        if refund:
            Transfer.to_fan(account, refund, source=House.SALES_REVENUE, kind=Transfer.Kind.REFUND, key=key)
        if fee:
            houses = {"source": House.SALES_REVENUE, "target": House.CANCELLATION_FEES}
            Transfer.within_house(fee, **houses, kind=Transfer.Kind.FEE, key=key)
        self.move(
            self.Status.REFUNDED, source=self.Status.CAPTURED, cause="refunded",
            message=self._refunded(refund=refund, fee=fee), refunded=refund, fee=fee,
        )  # fmt: skip

    def _captured(self):
        return PointsCaptured(reservation_id=self.reservation_id, user_id=self.user_id, amount=self.amount)

    def _declined(self, reason=None):
        reason = reason or self.decline_reason
        return PointsDeclined(reservation_id=self.reservation_id, user_id=self.user_id, reason=reason)

    def _refunded(self, *, refund, fee):
        return PointsRefunded(reservation_id=self.reservation_id, user_id=self.user_id, refund=refund, fee=fee)
