"""Asking payments again, by hand, for what it has not done though it should: it never debits or refunds twice."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events import bus
from events.aggregate import WrongStatus
from events.clock import database_now
from events.handles import Handle
from reservations.models import Reservation

Status = Reservation.Status


def ask_payments(reservation, *, now=None, **why):
    """For the points of one that is being paid or confirmed, for the refund of one that has one due.

    why: as Aggregate.by_hand takes it. Raises AlreadyChanged, WrongStatus.
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


def will_ask(reservation) -> str:
    if reservation.refund is None:
        words = _("Payments is asked once more to debit %(points)s P; if they are debited already, nothing happens.")
        return words % {"points": f"{reservation.amount:,}"}
    words = _("Payments is asked once more to refund %(points)s P; if they are refunded already, nothing happens.")
    return words % {"points": f"{reservation.refund:,}"}


def why_not_ask(reservation) -> str:
    if reservation.status in (Status.PAYING, Status.CONFIRMED) or reservation.refund is not None:
        return ""
    return _("It is neither being paid nor confirmed, and no refund was promised.")


HANDLE = Handle(
    of=Reservation, verb="ask", label=gettext_lazy("Ask payments again"),
    lever=ask_payments, will=will_ask, why_not=why_not_ask, did=lambda reservation: _("Payments is asked."),
)  # fmt: skip
