"""Whether a reservation's points and seats are as its status promises, in words for whoever sits at the console."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from concert_site.admin.levels import BAD, GOOD, WATCH
from concert_site.asking import can_ask
from payments.models import Payment, Transfer
from reservations.models import Reservation

Status = Reservation.Status
Kind = Transfer.Kind


@dataclass(frozen=True, kw_only=True)
class Verdict:
    level: str
    words: str

    @property
    def in_short(self):
        return {GOOD: _("In order"), WATCH: _("Under way"), BAD: _("Wrong")}[self.level]


def seats_of(reservation, *, claims, labels, now) -> Verdict:
    """Whether the seats belong to it exactly as long as they should.

    claims: its own, and the live ones of others on its seats. labels: {seat id: label}.
    """
    its = {claim.seat_id for claim in claims if claim.reservation_id == reservation.pk}
    kept = {claim.seat_id for claim in claims if claim.reservation_id == reservation.pk and claim.ended_at is None}
    others = {claim.seat_id for claim in claims if claim.ended_at is None} - kept

    def names(seats):
        return ", ".join(sorted(str(labels.get(seat, seat)) for seat in seats))

    told = {"kept": names(kept), "lost": names(its - kept), "others": names(others)}
    if reservation.status in Reservation.LIVE:
        return _live_seats(reservation, told, complete=len(kept) == len(reservation.facts["seats"]), now=now)
    if kept:
        return Verdict(level=BAD, words=_("It is over, and still keeps these seats: %(kept)s.") % told)
    words = _("It keeps no seats. Others have them now: %(others)s.") if others else _("It keeps no seats.")
    return Verdict(level=GOOD, words=words % told)


def _live_seats(reservation, told, *, complete, now):
    if not complete:
        words = _("These seats should belong to it and do not: %(lost)s.")
        words += " " + _("Others have them: %(others)s.") if told["others"] else ""
        return Verdict(level=BAD, words=words % told)
    if reservation.status == Status.HELD and reservation.held_until <= now:
        return Verdict(level=WATCH, words=_("The hold's time is over: others may take %(kept)s.") % told)
    return Verdict(level=GOOD, words=_("%(kept)s: this reservation's, and nobody else's.") % told)


def points_of(reservation, *, payment, transfers) -> Verdict:
    """Whether as much was debited and refunded as should have been. transfers: those of this reservation."""
    if not can_ask(Payment):
        return Verdict(level=WATCH, words=_("Payments are another deployment, and can't be looked into from here."))
    moved = {transfer.kind: transfer.amount for transfer in transfers}
    debited, refunded, fee = (moved.get(kind, 0) for kind in (Kind.DEBIT, Kind.REFUND, Kind.FEE))
    told = {"debited": f"{debited:,}", "refunded": f"{refunded:,}", "fee": f"{fee:,}"}
    if trouble := _disagreement(payment, debited=debited, refunded=refunded, fee=fee):
        return Verdict(level=BAD, words=trouble)
    return BY_STATUS.get(reservation.status, _not_paid)(reservation, payment, told)


def _disagreement(payment, *, debited, refunded, fee):
    """What the payment says and what the ledger says."""
    expected = (0, 0, 0)
    if payment and payment.status in (Payment.Status.CAPTURED, Payment.Status.REFUNDED):
        expected = (payment.amount, payment.refunded, payment.fee)
    if (debited, refunded, fee) == expected:
        return ""
    said = f"{payment.get_status_display()} {payment.amount:,} P" if payment else _("no payment")
    return _(
        "The payment and the ledger disagree: the payment says “%(payment)s”, but the ledger has %(debited)s P debited"
        " and %(refunded)s P refunded."
    ) % {"payment": said, "debited": f"{debited:,}", "refunded": f"{refunded:,}"}


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
        return Verdict(level=GOOD, words=_("%(debited)s P were debited once. Refunded: no.") % told)
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
    words = _("%(debited)s P were debited once, %(refunded)s P refunded once.") % told
    words += " " + _("%(fee)s P were kept as a fee.") % told if payment.fee else ""
    promised = (reservation.refund, reservation.fee)
    if (payment.refunded, payment.fee) == promised:
        return Verdict(level=GOOD, words=words)
    return Verdict(level=BAD, words=words + " " + _("Promised were %(n)s P.") % {"n": f"{reservation.refund:,}"})


BY_STATUS = {
    Status.PAYING: _paying,
    Status.CONFIRMED: _confirmed,
    Status.FAILED: _failed,
    Status.CANCELLED: _refunded,
}
