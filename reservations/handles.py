"""A reservation's levers as an operator grips them."""

from functools import partial

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.aggregate import Refused
from events.handles import Handle
from reservations import confirmation, levers
from reservations.models import Reservation

Status = Reservation.Status


# What will happen


def will_ask(reservation) -> str:
    if reservation.refund is None:
        words = gettext(
            "Payments is asked once more to debit %(points)s P; if they are debited already, nothing happens."
        )
        return words % {"points": f"{reservation.amount:,}"}
    words = gettext(
        "Payments is asked once more to refund %(points)s P; if they are refunded already, nothing happens."
    )
    return words % {"points": f"{reservation.refund:,}"}


def will_confirm(reservation) -> str:
    seats = ", ".join(reservation.facts["seats"])
    if reservation.status == Status.FAILED:
        return gettext("Take %(seats)s again, if still free, and confirm it; the fan is told.") % {"seats": seats}
    return gettext("Confirm it: %(seats)s are the fan's, who is told.") % {"seats": seats}


def will_release(reservation) -> str:
    seats = ", ".join(reservation.facts["seats"])
    return gettext("Release the hold: %(seats)s are free at once.") % {"seats": seats}


def will_resolve(reservation) -> str:
    words = gettext("It leaves the list of those that need attention: “%(why)s”.") % {"why": reservation.attention}
    return words + " " + gettext("It comes back for another reason, or for this one after it was over.")


def will_note(reservation) -> str:
    return gettext("Nothing happens to it. What you write stays on its page.")


def will_sync(reservation) -> str:
    news = levers.news_of(reservation, of=levers.SYNC).type
    return gettext("Tell the data platform %(news)s again, under the same key: nothing is new to it.") % {"news": news}


def will_notify(reservation) -> str:
    news = levers.news_of(reservation, of=levers.NOTIFICATIONS).type
    return gettext("Tell the fan %(news)s again, in the account and by e-mail.") % {"news": news}


# Why not


def why_not_ask(reservation) -> str:
    if reservation.status in (Status.PAYING, Status.CONFIRMED) or reservation.refund is not None:
        return ""
    return gettext("It is neither being paid nor confirmed, and no refund was promised.")


def why_not_compensate(reservation) -> str:
    if confirmation.compensation_of(reservation):
        return ""
    words = gettext("There is nothing to undo: it is %(status)s, and no points are left to give back.")
    return words % {"status": reservation.get_status_display()}


def why_not_confirm(reservation) -> str:
    if reservation.status not in (Status.PAYING, Status.FAILED) or reservation.refund is not None:
        return gettext("Only one that is being paid, or has failed without a refund, can be confirmed.")
    return "" if levers.is_debited(reservation) else gettext("No points are debited, so it can't be confirmed.")


def why_not_release(reservation) -> str:
    return "" if reservation.status == Status.HELD else gettext("Only a hold can be released.")


def why_not_resolve(reservation) -> str:
    return "" if reservation.attention else gettext("It needs no attention.")


def why_not_tell(reservation, *, consumer) -> str:
    try:
        levers.news_of(reservation, of=consumer)
    except Refused as refusal:
        return str(refusal)
    return ""


# What has happened


def now_in_status(reservation) -> str:
    return gettext("Done. It is %(status)s now.") % {"status": reservation.get_status_display()}


def says(words):
    return lambda reservation: words


HANDLES = {
    handle.verb: handle
    for handle in [
        Handle(
            of=Reservation, verb="ask", label=_("Ask payments again"),
            lever=levers.ask, will=will_ask, why_not=why_not_ask, did=says(_("Payments is asked.")),
        ),
        Handle(
            of=Reservation, verb="compensate", label=_("Compensate"),
            lever=confirmation.compensate, will=confirmation.compensation_of, why_not=why_not_compensate,
            did=now_in_status, points=lambda reservation: reservation.amount,
        ),
        Handle(
            of=Reservation, verb="confirm", label=_("Confirm"),
            lever=levers.confirm, will=will_confirm, why_not=why_not_confirm, did=now_in_status,
        ),
        Handle(
            of=Reservation, verb="release", label=_("Release the hold"),
            lever=levers.release, will=will_release, why_not=why_not_release, did=now_in_status,
        ),
        Handle(
            of=Reservation, verb="sync", label=_("Tell the data platform again"),
            lever=levers.sync, will=will_sync, why_not=partial(why_not_tell, consumer=levers.SYNC),
            did=says(_("It is on its way again.")),
        ),
        Handle(
            of=Reservation, verb="notify", label=_("Tell the fan again"),
            lever=levers.notify, will=will_notify, why_not=partial(why_not_tell, consumer=levers.NOTIFICATIONS),
            did=says(_("It is on its way again.")),
        ),
        Handle(
            of=Reservation, verb="resolve", label=_("Mark as resolved"),
            lever=levers.resolve, will=will_resolve, why_not=why_not_resolve,
            did=says(_("It needs no attention any more.")),
        ),
        Handle(
            of=Reservation, verb="note", label=_("Write a note"),
            lever=levers.note, will=will_note, why_not=says(""), did=says(_("Noted.")),
        ),
    ]
}  # fmt: skip
