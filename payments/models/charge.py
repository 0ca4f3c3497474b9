from datetime import timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, models
from django.db.models import Q, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from events import bus
from events.aggregate import Aggregate
from events.clock import database_now
from events.messages import PointsCharged
from payments.gateway import Outcome, gateway
from payments.models.point_account import PointAccount
from payments.models.transfer import House, Transfer

UNANSWERED = "the gateway does not say whether it took the money"
MOST_AT_ONCE = 100
logger = structlog.get_logger(__name__)


class AmountOutOfRange(Exception):
    """Less than the smallest charge, more than the largest, or more than a balance may have by charging."""


class ChargeQuerySet(models.QuerySet):
    def unsettled(self, *, older_than=timedelta(seconds=15)):
        """Those whose gateway's answer nobody has noted: unknown, or the process that asked has died."""
        return self.filter(status=Charge.Status.PENDING, created_at__lte=Now() - older_than)

    def settle(self, *, now=None) -> int:
        """Ask the gateway again; how many it answered. One that fails is logged and holds up no other."""
        some = self.order_by("?")[:MOST_AT_ONCE]  # any, so that those it never answers keep none from their turn
        return sum(charge.is_settled_now(now=now) for charge in some)


class Charge(Aggregate):
    """Points bought through the gateway. The call is outside any transaction; its answer may be unknown."""

    class Status(models.TextChoices):
        PENDING = "PENDING", _("pending")  # → SUCCEEDED, DECLINED
        SUCCEEDED = "SUCCEEDED", _("succeeded")
        DECLINED = "DECLINED", _("declined")

    user_id = models.UUIDField(_("fan"), db_index=True)
    amount = models.PositiveBigIntegerField(_("points"))
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.PENDING)
    idempotency_key = models.CharField(max_length=255)
    attention = models.CharField(_("needs attention"), max_length=200, blank=True)
    gateway_reference = models.CharField(_("gateway's reference"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now())

    objects = ChargeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("charge"), _("charges")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["user_id", "idempotency_key"], name="one_charge_per_key"),
            models.CheckConstraint(condition=Q(amount__gte=1), name="a_charge_adds_points"),
        ]
        indexes = [models.Index(fields=["created_at"], name="unsettled_charges", condition=Q(status="PENDING"))]

    def __str__(self):
        return f"{self.amount:,} P ({self.status})"

    @classmethod
    def make(cls, *, user_id, amount, key):
        """Buy points. The same key again is the same charge. Raises AmountOutOfRange.

        PENDING in the answer: the gateway's answer is unknown, the worker goes on asking.
        """
        charge = cls.objects.filter(user_id=user_id, idempotency_key=key).first() or cls._open(user_id, amount, key)
        if charge.status == cls.Status.PENDING:
            charge.settle()
        return charge

    @classmethod
    def _open(cls, user_id, amount, key):
        if not settings.CHARGE_MINIMUM <= amount <= settings.CHARGE_MAXIMUM:
            raise AmountOutOfRange
        try:
            with bus.atomic(cls):
                account = PointAccount.objects.lock_of(user_id)
                under_way = cls.objects.filter(user_id=user_id, status=cls.Status.PENDING)
                pending = under_way.aggregate(sum=Sum("amount"))["sum"] or 0
                if account.balance + pending + amount > settings.BALANCE_MAXIMUM:
                    raise AmountOutOfRange
                charge = cls(user_id=user_id, amount=amount, idempotency_key=key)
                charge.begin(cause="asked for by the fan")
                return charge
        except IntegrityError:  # the same key, a moment earlier
            return cls.objects.get(user_id=user_id, idempotency_key=key)

    def is_settled_now(self, *, now=None) -> bool:
        """Ask again, and say whether it is settled now; after the deadline an operator has to ask."""
        try:
            self.settle()
        except Exception:
            logger.exception("charge_not_settled", charge=str(self.id))
            self.refresh_from_db()
        if self.status == self.Status.PENDING:
            self._call_attention_when_late(now or database_now(bus.home(self)))
        return self.status != self.Status.PENDING

    def settle(self):
        """Ask the gateway (by our id, so that it charges once) and note its answer."""
        answer = gateway().charge(amount=self.amount, idempotency_key=str(self.id))
        if answer.outcome is Outcome.UNKNOWN:
            return
        with bus.atomic(self):
            account = PointAccount.objects.lock_of(self.user_id)
            self.lock()
            if self.status != self.Status.PENDING:  # noted by another process meanwhile
                return
            if answer.outcome is Outcome.APPROVED:
                self._succeed(account, reference=answer.reference)
            else:
                self._settled(self.Status.DECLINED, cause="declined by the gateway")

    def _succeed(self, account, *, reference):
        clearing = House.TOP_UP_CLEARING
        Transfer.to_fan(account, self.amount, source=clearing, kind=Transfer.Kind.CHARGE, key=self.id)
        message = PointsCharged(charge_id=self.id, user_id=self.user_id, amount=self.amount)
        cause = "approved by the gateway"
        self._settled(self.Status.SUCCEEDED, cause=cause, message=message, gateway_reference=reference)

    def _settled(self, status, **changes):
        self.move(status, source=self.Status.PENDING, attention="", **changes)

    def _call_attention_when_late(self, now):
        deadline = self.created_at + timedelta(seconds=settings.CHARGE_DEADLINE_SECONDS)
        with bus.atomic(self):
            self.lock()
            if self.status == self.Status.PENDING and deadline <= now and not self.attention:
                self.say(None, cause=UNANSWERED, attention=UNANSWERED)
