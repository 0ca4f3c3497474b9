"""What giving a confirmed reservation back costs. The fees are data: of the concert, else of the settings."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from events import bus
from events.aggregate import WrongStatus
from events.clock import database_now
from reservations.models import Reservation

GRACE = timedelta(hours=24)  # after confirmation, if that was early enough
GRACE_DAYS_BEFORE = 3


class TooLate(Exception):
    """The show has begun."""


class QuoteChanged(Exception):
    """The refund is no longer the one that the fan agreed to."""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Points that stay (`fee`) and go back (`refund`), and the rule that says so, in words."""

    fee: int
    refund: int
    rule: str


def quote(reservation, *, now=None) -> Quote:
    """What cancelling would give back now. Raises WrongStatus, TooLate."""
    if reservation.status != Reservation.Status.CONFIRMED:
        raise WrongStatus(reservation, expected=[Reservation.Status.CONFIRMED])
    now = now or database_now(bus.home(Reservation))
    percent, rule = _rule(reservation, now=now)
    fee = reservation.amount * percent // 100
    return Quote(fee=fee, refund=reservation.amount - fee, rule=rule)


def cancel(reservation, *, refund=None, key="", now=None):
    """Cancel by the fee rules. `refund`: as quoted to the fan. The same key again is the same request.

    Raises WrongStatus, TooLate, QuoteChanged; then nothing has changed.
    """
    with bus.atomic(Reservation):
        reservation.lock()
        if key and reservation.cancellation_key == key:
            return
        offer = quote(reservation, now=now)
        if refund is not None and refund != offer.refund:
            raise QuoteChanged
        reservation.cancel(refund=offer.refund, fee=offer.fee, cause="cancelled by the fan", key=key)


def _rule(reservation, *, now):
    performance = reservation.performance
    if now >= performance.starts_at:
        raise TooLate
    days = _days(performance, since=now)
    if (
        now < reservation.confirmed_at + GRACE
        and _days(performance, since=reservation.confirmed_at) >= GRACE_DAYS_BEFORE
    ):
        return 0, _("Full refund within 24 hours of the purchase")
    for days_before, percent in _tiers(performance.concert):
        if days >= days_before:
            return percent, _words(days_before, percent)
    return 100, _("No refund this close to the show")


def _days(performance, *, since):
    venue = performance.venue
    return (venue.date_of(performance.starts_at) - venue.date_of(since)).days


def _tiers(concert):
    own = list(concert.cancellation_tiers.order_by("-days_before").values_list("days_before", "fee_percent"))
    return own or settings.CANCELLATION_TIERS


def _words(days_before, percent):
    if percent == 0:
        return _("Full refund until %(days)d days before the show") % {"days": days_before}
    if days_before == 0:
        return _("%(percent)d %% fee on the day of the show") % {"percent": percent}
    return _("%(percent)d %% fee until %(days)d days before the show") % {"percent": percent, "days": days_before}
