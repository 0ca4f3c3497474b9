"""What operators do to a reservation, beside compensating it (confirmation.py). Console and commands call these.

why: as Aggregate.by_hand takes it. Each happens, with its OperatorAction, or raises AlreadyChanged, Refused or
WrongStatus.
"""

from django.utils.translation import gettext as _

from events import bus
from events.aggregate import Refused, WrongStatus
from events.clock import database_now
from events.consumers import subscribers
from events.models import Delivery, Event
from reservations import handlers, holding
from reservations.confirmation import answer_of_payments
from reservations.models import Reservation

Status = Reservation.Status


def confirm(reservation, **why):
    """Go on after the debit, where its answer was not heard. One that failed needs its seats to be free still."""
    debited = is_debited(reservation)  # asks every database, so before any lock; by_hand refuses what moved on
    try:
        with bus.atomic(Reservation):
            holding.lock_seats_of(reservation)  # before the reservation: docs/locking.md
            with reservation.by_hand("confirm", **why):
                _confirm(reservation, debited=debited)
    except (holding.SeatsUnavailable, holding.SeatLimitExceeded):
        raise Refused(_("Its seats are taken, or the fan has as many as one may have: give the points back.")) from None


def ask(reservation, *, now=None, **why):
    """Ask payments again for what it has not done though it should; it never debits or refunds twice.

    For the points of one that is being paid or confirmed, for the refund of one that has one due.
    """
    with reservation.by_hand("ask", **why):
        now = now or database_now(bus.home(Reservation))
        if reservation.status == Status.PAYING:
            reservation.ask_again(now=now)
        elif reservation.status == Status.CONFIRMED:
            reservation.ask_debit_again(now=now)
        elif reservation.refund is not None:
            reservation.ask_refund_again(now=now)
        else:
            raise WrongStatus(reservation, expected=[Status.PAYING, Status.CONFIRMED, Status.CANCELLED])


def release(reservation, **why):
    """Give the hold up: its seats are free at once."""
    with reservation.by_hand("release", **why):
        reservation.release(cause="released by an operator")


def resolve(reservation, **why):
    """It needs no attention any more."""
    with reservation.by_hand("resolve", **why):
        reservation.need_no_attention(cause="resolved by an operator")


def note(reservation, **why):
    """Write the reason down, and do nothing."""
    with reservation.by_hand("note", **why):
        pass


def sync(reservation, **why):
    """Tell the data platform its last news again; under the same key, so it makes nothing new there."""
    with reservation.by_hand("sync", **why) as action:
        bus.repeat(news_of(reservation, of=SYNC), to=[SYNC], by=action)


def notify(reservation, **why):
    """Tell the fan its last news again, in the account and by e-mail."""
    with reservation.by_hand("notify", **why) as action:
        news = news_of(reservation, of=NOTIFICATIONS)
        bus.repeat(news, to=[each.name for each in subscribers(news.type) if each.home == "accounts"], by=action)


# What they need to know


SYNC, NOTIFICATIONS = handlers.data_sync.name, "notifications"


def news_of(reservation, *, of) -> Event:
    """What that consumer was last told about it. Raises Refused when it was told nothing, or is not reached yet."""
    told = Delivery.objects.using(bus.home(Reservation)).filter(correlation_id=reservation.pk, consumer=of)
    last = told.select_related("event").order_by("-id").first()
    if last is None:
        raise Refused(_("There is nothing to tell about it."))
    if last.state == Delivery.State.DEAD:
        raise Refused(_("It could not be delivered and waits for you: retry that delivery instead."))
    if last.state in Delivery.UNFINISHED:
        raise Refused(_("It is on its way already."))
    return last.event


def is_debited(reservation) -> bool:
    """Whether payments has said so, and of nothing else since."""
    return answer_of_payments(reservation) == "PointsCaptured"


def _confirm(reservation, *, debited):
    if reservation.status not in (Status.PAYING, Status.FAILED) or reservation.refund is not None:
        raise WrongStatus(reservation, expected=[Status.PAYING, Status.FAILED])
    if not debited:
        raise Refused(_("No points are debited, so it can't be confirmed."))
    if reservation.status == Status.PAYING:
        reservation.confirm(cause="confirmed by an operator")
    else:
        holding.take_again(reservation, cause="confirmed by an operator, seats still free")
