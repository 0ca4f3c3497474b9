from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from events import bus
from events.aggregate import Aggregate, WrongStatus
from events.clock import database_now
from events.messages import (
    RefundRequested,
    ReservationCancelled,
    ReservationConfirmed,
    ReservationExpired,
    ReservationFailed,
    ReservationReleased,
    ReservationSubmitted,
)
from reservations.models.attention import CallsForAttention
from reservations.models.performance import Performance
from reservations.models.reservation_queryset import ReservationQuerySet


class HoldExpired(Exception):
    """The five minutes are over; the seats are free for others."""


class Reservation(CallsForAttention, Aggregate):
    """One fan's claim on seats of a performance, from hold to ticket."""

    class Status(models.TextChoices):
        HELD = "HELD", _("held")  # → PAYING, EXPIRED, RELEASED
        PAYING = "PAYING", _("paying")  # → CONFIRMED, FAILED
        CONFIRMED = "CONFIRMED", _("confirmed")  # → CANCELLED
        FAILED = "FAILED", _("failed")  # → CONFIRMED, when paid late and the seats are still free
        EXPIRED = "EXPIRED", _("expired")
        RELEASED = "RELEASED", _("released")
        CANCELLED = "CANCELLED", _("cancelled")

    LIVE = [Status.HELD, Status.PAYING, Status.CONFIRMED]

    user_id = models.UUIDField(_("fan"), db_index=True)
    performance = models.ForeignKey(Performance, models.PROTECT, related_name="reservations")
    place = models.CharField(_("place in the waiting room"), max_length=60, blank=True)
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.HELD)
    amount = models.PositiveIntegerField(_("points"))
    facts = models.JSONField(help_text="What the ticket says: concert, time, seats; as it was when they were held.")
    held_until = models.DateTimeField(_("held until"))
    pay_deadline = models.DateTimeField(null=True, help_text="Payments must have answered by then.")
    refund_deadline = models.DateTimeField(null=True, help_text="Payments must have refunded by then.")
    answer_deadline = models.DateTimeField(null=True, help_text="Payments must have said by then what it took.")
    asked_again_at = models.DateTimeField(null=True, help_text="When payments was asked a second time.")
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    failure = models.CharField(_("failure"), max_length=50, blank=True)
    refund = models.PositiveIntegerField(_("refund"), null=True)
    fee = models.PositiveIntegerField(_("cancellation fee"), null=True)
    refunded_at = models.DateTimeField(_("refunded at"), null=True)
    hold_key = models.CharField(max_length=255, null=True, editable=False)  # noqa: DJ001  (NULL: no key, not unique)
    payment_key = models.CharField(max_length=255, blank=True, editable=False)
    cancellation_key = models.CharField(max_length=255, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now())

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("reservation"), _("reservations")
        ordering = ["-id"]
        permissions = [
            ("compensate_reservation", _("Can undo a reservation and give its points back")),
            ("confirm_reservation", _("Can confirm a reservation whose points are debited")),
            ("release_reservation", _("Can release a hold")),
            ("sync_reservation", _("Can tell the data platform again")),
            ("notify_reservation", _("Can tell the fan again")),
            ("resolve_reservation", _("Can say that a reservation needs no attention any more")),
            ("ask_reservation", _("Can ask payments again for a reservation")),
            ("note_reservation", _("Can write a note on a reservation")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user_id", "hold_key"], name="one_reservation_per_hold_key"),
            models.UniqueConstraint(
                fields=["place"],
                condition=Q(status__in=["HELD", "PAYING"]) & ~Q(place=""),
                name="one_purchase_per_place",
            ),
            models.CheckConstraint(
                condition=Q(status="PAYING", pay_deadline__isnull=False) | (~Q(status="PAYING") & Q(pay_deadline=None)),
                name="only_paying_has_a_deadline",
            ),
        ]
        indexes = [
            models.Index(fields=["held_until"], name="holds_by_end", condition=Q(status="HELD")),
            models.Index(fields=["pay_deadline"], name="paying_by_deadline", condition=Q(status="PAYING")),
            models.Index(
                fields=["refund_deadline"], name="refunds_by_deadline", condition=Q(refund_deadline__isnull=False)
            ),
            models.Index(
                fields=["answer_deadline"], name="answers_by_deadline", condition=Q(answer_deadline__isnull=False)
            ),
            models.Index(fields=["user_id", "-id"], name="reservations_of_a_fan"),
            models.Index(fields=["-id"], name="needing_attention", condition=~Q(attention="", resolved="")),
            models.Index(fields=["performance", "status", "confirmed_at"], name="sales_of_a_performance"),
        ]

    def __str__(self):
        return f"{self.facts.get('concert_title', '')} {', '.join(self.facts.get('seats', []))} ({self.status})"

    # The fan's verbs

    def submit(self, *, key="", now=None):
        """Ask payments to debit the amount. The same key again is the same request.

        Raises HoldExpired, WrongStatus.
        """
        with bus.atomic(self):
            self.lock()
            if key and self.payment_key == key:
                return
            now = now or database_now(bus.home(self))
            if self.status == self.Status.EXPIRED or (self.status == self.Status.HELD and self.held_until <= now):
                raise HoldExpired
            self._ask_for_payment(self.Status.HELD, cause="submitted by the fan", now=now, payment_key=key)

    def release(self, *, cause="given up by the fan"):
        """Give the hold up. Raises WrongStatus."""
        with bus.atomic(self):
            self.lock()
            message = self.message(ReservationReleased)
            self.move(self.Status.RELEASED, source=self.Status.HELD, cause=cause, message=message)
            self._free_seats()

    def cancel(self, *, refund, fee, cause, key=""):
        """Give a confirmed reservation back for `refund` points; `fee` stays. Raises WrongStatus."""
        with bus.atomic(self):
            self.lock()
            self.move(
                self.Status.CANCELLED, source=self.Status.CONFIRMED, cause=cause,
                message=self.message(ReservationCancelled, refund=refund, fee=fee),
                refund=refund, fee=fee, cancellation_key=key, answer_deadline=None, **self._refund_due(),
            )  # fmt: skip
            self._free_seats()

    # What time does

    def expire(self, *, now=None):
        """The hold's time is over. Raises WrongStatus when it is not."""
        with bus.atomic(self):
            self.lock()
            if self.held_until > (now or database_now(bus.home(self))):
                raise WrongStatus(self, expected=["a hold whose time is over"])
            message = self.message(ReservationExpired)
            self.move(self.Status.EXPIRED, source=self.Status.HELD, cause="its time was over", message=message)
            self._free_seats()

    def ask_again(self, *, now):
        """Payments did not answer by the deadline: ask once more, which never debits twice."""
        with bus.atomic(self):
            self.lock()
            cause = "no answer from payments: asked again"
            self._ask_for_payment(self.Status.PAYING, cause=cause, now=now, asked_again_at=now)

    def ask_debit_again(self, *, now):
        """Payments has no debit of a confirmed one, though it should: ask once more, which never debits twice.

        It must say so by `answer_deadline`; that it declines is no end of it.
        """
        with bus.atomic(self):
            self.lock()
            deadline = now + timedelta(seconds=settings.PAY_DEADLINE_SECONDS)
            self.move(
                self.Status.CONFIRMED, source=self.Status.CONFIRMED, cause="debit asked for again",
                message=self.message(ReservationSubmitted, pay_deadline=deadline), answer_deadline=deadline,
            )  # fmt: skip

    # What payments' answers do

    def confirm(self, *, cause):
        """The points are captured. Raises WrongStatus."""
        with bus.atomic(self):
            self.lock()
            self._confirm(source=self.Status.PAYING, cause=cause)

    def confirm_late(self, *, cause):
        """The points came after it had failed, and its seats are claimed again. Raises WrongStatus."""
        with bus.atomic(self):
            self._confirm(source=self.Status.FAILED, cause=cause, failure="")

    def fail(self, *, reason, cause, answer_deadline=None):
        """The points can't be had: the seats are free again. Raises WrongStatus.

        answer_deadline: where payments has not answered, by when it must have said whether it took them after all.
        """
        with bus.atomic(self):
            self.lock()
            self.move(
                self.Status.FAILED, source=self.Status.PAYING, cause=cause,
                message=self.message(ReservationFailed, reason=reason),
                failure=reason, pay_deadline=None, asked_again_at=None, answer_deadline=answer_deadline,
            )  # fmt: skip
            self._free_seats()

    def note_answer(self, *, cause):
        """Payments says, late, whether it has taken the points. Raises WrongStatus when that was known."""
        with bus.atomic(self):
            self.lock()
            if self.answer_deadline is None:
                raise WrongStatus(self, expected=["one without an answer of payments"])
            self.say(None, cause=cause, answer_deadline=None)

    def request_refund(self, *, cause):
        """Whatever was debited, or still will be, goes back: all of it. Raises WrongStatus."""
        with bus.atomic(self):
            self.lock()
            if self.refund is not None:
                raise WrongStatus(self, expected=["FAILED without a refund"])
            self.move(
                self.Status.FAILED, source=self.Status.FAILED, cause=cause,
                message=self.message(RefundRequested, refund=self.amount), refund=self.amount, fee=0,
                answer_deadline=None, **self._refund_due(),
            )  # fmt: skip

    def ask_refund_again(self, *, now):
        """Payments did not confirm the refund by the deadline: ask once more, which never refunds twice."""
        with bus.atomic(self):
            self.lock()
            message = self.message(RefundRequested, refund=self.refund, fee=self.fee)
            self.say(message, cause="refund not confirmed: asked again", asked_again_at=now, **self._refund_due(now))

    def note_refund(self, *, cause, now):
        """Payments has given the points back, or never had any."""
        with bus.atomic(self):
            self.lock()
            self.say(None, cause=cause, refunded_at=now, refund_deadline=None, asked_again_at=None, attention="")

    # Queries

    @property
    def awaits_refund(self):
        return self.refund_deadline is not None

    # Helpers

    def _ask_for_payment(self, source, *, cause, now, **changes):
        deadline = now + timedelta(seconds=settings.PAY_DEADLINE_SECONDS)
        message = self.message(ReservationSubmitted, pay_deadline=deadline)
        self.move(self.Status.PAYING, source=source, cause=cause, message=message, pay_deadline=deadline, **changes)

    def _confirm(self, *, source, cause, **changes):
        now = database_now(bus.home(self))
        message = self.message(ReservationConfirmed, confirmed_at=now)
        changes |= dict.fromkeys(["pay_deadline", "asked_again_at", "answer_deadline"])
        changes |= {"confirmed_at": now, "attention": ""}
        self.move(self.Status.CONFIRMED, source=source, cause=cause, message=message, **changes)

    def _free_seats(self):
        self.claims.filter(ended_at=None).update(ended_at=Now())

    def _refund_due(self, now=None):
        now = now or database_now(bus.home(self))
        return {"refund_deadline": now + timedelta(seconds=settings.REFUND_DEADLINE_SECONDS)}

    def message(self, message_type, **values):
        return message_type(
            reservation_id=self.id,
            user_id=self.user_id,
            performance_id=self.performance_id,
            amount=self.amount,
            place=self.place,
            concert_id=UUID(self.facts["concert_id"]),
            concert_title=self.facts["concert_title"],
            starts_at=datetime.fromisoformat(self.facts["starts_at"]),
            seats=self.facts["seats"],
            **values,
        )
