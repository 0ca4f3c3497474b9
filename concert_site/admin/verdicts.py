"""Whether a reservation's points and seats are as its status promises, in words for whoever sits at the console."""

from dataclasses import dataclass

from django.utils.timezone import now
from django.utils.translation import gettext as _

from payments.models import Payment, Transfer
from reservations.models import Reservation

Status = Reservation.Status
Kind = Transfer.Kind
GOOD, WATCH, BAD = "good", "watch", "bad"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    level: str
    words: str

    @property
    def in_short(self):
        return {GOOD: _("In order"), WATCH: _("Under way"), BAD: _("Wrong")}[self.level]


def seats_of(reservation) -> Verdict:
    """Whether the seats belong to it exactly as long as they should."""
    live, promised = reservation.claims.filter(ended_at=None).count(), len(reservation.facts["seats"])
    if reservation.status not in Reservation.LIVE:
        if live:
            return Verdict(level=BAD, words=_("It is over, and still keeps %(n)d seats.") % {"n": live})
        return Verdict(level=GOOD, words=_("It keeps no seats."))
    if live != promised:
        told = {"live": live, "promised": promised}
        return Verdict(level=BAD, words=_("%(live)d of its %(promised)d seats belong to it.") % told)
    if reservation.status == Status.HELD and reservation.held_until <= now():
        return Verdict(level=WATCH, words=_("The hold's time is over: its seats are free for others."))
    return Verdict(level=GOOD, words=_("Its %(n)d seats belong to it alone.") % {"n": live})


def points_of(reservation) -> Verdict:
    """Whether as much was debited and refunded as should have been."""
    payment = Payment.objects.filter(reservation_id=reservation.pk).first()
    moved = dict(Transfer.objects.filter(key=reservation.pk).values_list("kind", "amount"))
    debited, refunded, fee = (moved.get(kind, 0) for kind in (Kind.DEBIT, Kind.REFUND, Kind.FEE))
    told = {"debited": f"{debited:,}", "refunded": f"{refunded:,}", "fee": f"{fee:,}", "amount": reservation.amount}
    if trouble := _disagreement(payment, debited=debited, refunded=refunded, fee=fee):
        return Verdict(level=BAD, words=trouble)
    return BY_STATUS.get(reservation.status, _not_paid)(reservation, payment, told)


def _disagreement(payment, *, debited, refunded, fee):
    """What the payment says and what the ledger says."""
    expected = (0, 0, 0)
    if payment and payment.status in (Payment.Status.CAPTURED, Payment.Status.REFUNDED):
        expected = (payment.amount, payment.refunded, payment.fee)
    if (debited, refunded, fee) != expected:
        return _(
            "The payment and the ledger disagree: %(payment)s, but debited %(debited)d, refunded %(refunded)d."
        ) % {
            "payment": payment or _("no payment"),
            "debited": debited,
            "refunded": refunded,
        }
    return ""


def _not_paid(reservation, payment, told):
    if payment is None:
        return Verdict(level=GOOD, words=_("Nothing was debited."))
    return Verdict(level=BAD, words=_("It was never submitted, but there is a payment."))


def _paying(reservation, payment, told):
    if payment is None:
        return Verdict(level=WATCH, words=_("Payments has not answered yet."))
    if payment.status == Payment.Status.CAPTURED:
        return Verdict(level=WATCH, words=_("%(debited)s P are debited; the confirmation is on its way.") % told)
    return Verdict(level=WATCH, words=_("Nothing is debited; the answer of payments is on its way."))


def _confirmed(reservation, payment, told):
    captured = payment and payment.status == Payment.Status.CAPTURED
    if captured and payment.amount == reservation.amount:
        return Verdict(level=GOOD, words=_("%(debited)s P were debited once, nothing was refunded.") % told)
    return Verdict(level=BAD, words=_("Confirmed, but debited %(debited)s P and refunded %(refunded)s P.") % told)


def _failed(reservation, payment, told):
    if reservation.refund is not None:
        return _refunded(reservation, payment, told)
    if payment and payment.status == Payment.Status.CAPTURED:
        return Verdict(level=BAD, words=_("%(debited)s P are debited and not refunded.") % told)
    if payment is None and reservation.failure == "payment_unanswered":
        return Verdict(level=WATCH, words=_("Payments has never answered; nothing is debited so far."))
    return Verdict(level=GOOD, words=_("Nothing was debited."))


def _refunded(reservation, payment, told):
    """Of a cancelled one, or of one whose points came too late."""
    if payment and payment.status in (Payment.Status.VOID, Payment.Status.DECLINED):
        return Verdict(level=GOOD, words=_("Nothing was debited, so there is nothing to refund."))
    if payment and payment.status == Payment.Status.REFUNDED:
        return _as_promised(reservation, payment, told)
    level = WATCH if reservation.awaits_refund and not reservation.attention else BAD
    return Verdict(level=level, words=_("%(debited)s P were debited; the refund is not confirmed yet.") % told)


def _as_promised(reservation, payment, told):
    words = _("%(debited)s P were debited, %(refunded)s P refunded once, %(fee)s P kept as a fee.") % told
    promised = (reservation.refund, reservation.fee)
    if (payment.refunded, payment.fee) == promised:
        return Verdict(level=GOOD, words=words)
    return Verdict(level=BAD, words=words + " " + _("Promised were %(refund)d P.") % {"refund": promised[0]})


BY_STATUS = {
    Status.PAYING: _paying,
    Status.CONFIRMED: _confirmed,
    Status.FAILED: _failed,
    Status.CANCELLED: _refunded,
}
