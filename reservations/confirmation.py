"""Confirm a reservation: debit the points, then confirm. Each compensation stands beside its step.

submit     reservations ─ ReservationSubmitted ▶ payments: debit             (Reservation.submit)
confirm    payments ─ PointsCaptured ▶ reservations: confirm                 pivot: from here only forward
 └ fail    payments ─ PointsDeclined ▶ reservations: fail, seats free
late       PointsCaptured, but FAILED: take the seats again and confirm,
 └ refund  or, when they are gone: reservations ─ RefundRequested ▶ payments: refund
cancel     reservations ─ ReservationCancelled ▶ payments: refund            (cancellation.cancel)
refunded   payments ─ PointsRefunded ▶ reservations: the saga is over
"""

from datetime import timedelta
from operator import attrgetter

import structlog
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from events import bus
from events.aggregate import WrongStatus
from events.clock import database_now
from events.consumers import Consumer
from events.messages import PointsCaptured, PointsDeclined, PointsRefunded
from events.models import Event
from reservations import attention, holding
from reservations.models import Reservation

logger = structlog.get_logger(__name__)
Status = Reservation.Status

saga = Consumer("confirmation", home="reservations", urgent=True)


@saga.on(PointsCaptured)
def confirm(message, event):
    reservation = Reservation.objects.get(id=message.reservation_id)
    if reservation.status == Status.PAYING:
        reservation.confirm(cause="points captured")  # WrongStatus when it just failed: tried again, as late
    elif reservation.status == Status.FAILED and reservation.refund is None:
        confirm_late(reservation)
    elif reservation.answer_deadline is not None:
        reservation.note_answer(cause="points captured, asked for again")
    else:
        logger.info("answer_repeated", reservation=str(reservation.id), answer="captured", status=reservation.status)


def confirm_late(reservation):
    """Paid, but too late: prefer the buyer, as long as nobody else has the seats."""
    try:
        holding.take_again(reservation, cause="points captured late, seats still free")
    except (holding.SeatsUnavailable, holding.SeatLimitExceeded) as gone:
        reservation.request_refund(cause=f"points captured late, seats gone: {type(gone).__name__}")


@saga.on(PointsDeclined)
def fail(message, event):
    reservation = Reservation.objects.get(id=message.reservation_id)
    if reservation.status == Status.PAYING:
        reservation.fail(reason=message.reason, cause=f"points declined: {message.reason}")
    elif reservation.status == Status.FAILED and reservation.answer_deadline is not None:
        reservation.note_answer(cause=f"points declined, late: {message.reason}")
    else:
        logger.info("answer_repeated", reservation=str(reservation.id), answer="declined", status=reservation.status)


@saga.on(PointsRefunded)
def note_refund(message, event):
    reservation = Reservation.objects.get(id=message.reservation_id)
    reservation.note_refund(cause=f"refunded {message.refund} points", now=event.occurred_at)


# The watchdog: every step has a deadline in the table. Past it, ask again (which is idempotent), then compensate.


def chase(*, now=None) -> int:
    """Chase what payments has not answered in time, and call an operator where that is all that is left.

    Returns how many were chased.
    """
    now = now or database_now(bus.home(Reservation))
    unanswered = Reservation.objects.filter(status=Status.PAYING, pay_deadline__lte=now)
    unrefunded = Reservation.objects.filter(refund_deadline__lte=now, asked_again_at=None)
    chased = _each(unanswered, chase_payment, now=now) + _each(unrefunded, Reservation.ask_refund_again, now=now)
    attention.watch(now=now)
    return chased


def chase_payment(reservation, *, now):
    """Ask again; then let the seats go, though payments may still say that it took the points (`confirm`, `fail`)."""
    if reservation.asked_again_at is None:
        reservation.ask_again(now=now)
    else:
        reservation.fail(
            reason="payment_unanswered", cause="no answer from payments by the second deadline",
            answer_deadline=now + timedelta(seconds=settings.PAY_DEADLINE_SECONDS),
        )  # fmt: skip


def _each(reservations, chase_one, *, now) -> int:
    """Each in a transaction of its own; one that fails is logged and holds up no other. How many were chased."""
    ids = reservations.order_by("?").values_list("id", flat=True)[:500]  # any, so that one that fails starves none
    return sum(_is_chased(id, among=reservations, chase_one=chase_one, now=now) for id in ids)


def _is_chased(id, *, among, chase_one, now) -> bool:
    try:
        with bus.atomic(Reservation):
            reservation = among.filter(id=id).select_for_update(skip_locked=True).first()
            if reservation:  # else it was answered, or somebody else is at it
                chase_one(reservation, now=now)
    except Exception:
        logger.exception("watchdog_failed", reservation=str(id))
        return False
    return reservation is not None


# The operator's lever


def compensation_of(reservation) -> str:
    """What compensating would do now, in words; empty when there is nothing to compensate."""
    if reservation.status == Status.FAILED and not may_still_be_debited(reservation):
        return ""
    told = {"points": f"{reservation.amount:,} P", "seats": ", ".join(reservation.facts["seats"])}
    return str(COMPENSATIONS[reservation.status][1]) % told if reservation.status in COMPENSATIONS else ""


def compensate(reservation, **why):
    """Undo the reservation by hand: free its seats, give its points back.

    why: as Aggregate.by_hand takes it. Raises WrongStatus when there is nothing to undo, AlreadyChanged.
    """
    possible = compensation_of(reservation)  # asks every database, so before the lock; by_hand refuses what moved on
    with reservation.by_hand("compensate", **why):
        if not possible:
            raise WrongStatus(reservation, expected=list(COMPENSATIONS))
        COMPENSATIONS[reservation.status][0](reservation)


def may_still_be_debited(reservation) -> bool:
    """Whether a FAILED one still has points to give back, or a debit on its way that has to be refused."""
    return reservation.refund is None and answer_of_payments(reservation) != "PointsDeclined"


def answer_of_payments(reservation) -> str:
    """The type of its last answer in the ledgers, whether or not it was heard here; empty when there is none."""
    ledgers = [Event.objects.using(alias).filter(correlation_id=reservation.pk) for alias in bus.databases()]
    answers = [ledger.filter(type__in=saga.types).order_by("-occurred_at", "-id").first() for ledger in ledgers]
    last = max(filter(None, answers), key=attrgetter("occurred_at"), default=None)
    return last.type if last else ""


def _cancel_with_full_refund(reservation):
    reservation.cancel(refund=reservation.amount, fee=0, cause=BY_HAND)


def _fail_and_refund(reservation):
    reservation.fail(reason="compensated", cause=BY_HAND)
    _refund(reservation)


def _refund(reservation):
    reservation.request_refund(cause=BY_HAND)


BY_HAND = "compensated by an operator"
FAILING = _("Fail it: free %(seats)s at once, give back what was debited of %(points)s, tell the fan.")
CANCELLING = _(
    "Cancel it with a full refund: %(points)s go back to the fan, %(seats)s are free at once, the fan and the data "
    "platform are told."
)
REFUNDING = _("Refund what was debited, up to %(points)s; a debit that is still on its way will be refused.")
COMPENSATIONS = {
    Status.PAYING: (_fail_and_refund, FAILING),
    Status.CONFIRMED: (_cancel_with_full_refund, CANCELLING),
    Status.FAILED: (_refund, REFUNDING),
}
