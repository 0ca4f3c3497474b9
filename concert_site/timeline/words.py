"""The box office's words for what the code calls by names of its own: for operators who are no programmers."""

from django.utils.translation import gettext_lazy as _

LANES = {
    "queueing": _("Waiting room"),
    "reservations": _("Box office"),
    "payments": _("Payments"),
    "settlement": _("Settlement"),
    "accounts": _("Messages"),
    "platform": _("Data platform"),
}

CONSUMERS = {
    "payments": _("Payments"),
    "confirmation": _("Box office"),
    "queueing": _("Waiting room"),
    "ranking": _("Ranking"),
    "settlement": _("Settlement"),
    "notifications": _("Notifications"),
    "email": _("E-mail"),
    "data-sync": _("Data platform"),
}

MESSAGES = {
    "ReservationHeld": _("Seats held"),
    "ReservationReleased": _("Hold given up"),
    "ReservationExpired": _("Hold ran out"),
    "ReservationSubmitted": _("Payment asked for"),
    "ReservationConfirmed": _("Reservation confirmed"),
    "ReservationFailed": _("Reservation failed"),
    "ReservationCancelled": _("Reservation cancelled"),
    "RefundRequested": _("Refund asked for"),
    "PointsCaptured": _("Points debited"),
    "PointsDeclined": _("Points refused"),
    "PointsRefunded": _("Points refunded"),
    "PointsCharged": _("Points bought"),
}

TRANSFERS = {
    "charge": _("%(amount)s P bought"),
    "debit": _("%(amount)s P debited from the fan"),
    "refund": _("%(amount)s P given back to the fan"),
    "fee": _("%(amount)s P kept as a fee"),
}

ACTIONS = {
    "reservation.compensate": _("Compensated"),
    "reservation.confirm": _("Confirmed by hand"),
    "reservation.release": _("Hold released"),
    "reservation.sync": _("Data platform told again"),
    "reservation.notify": _("Fan told again"),
    "reservation.ask": _("Payments asked again"),
    "reservation.resolve": _("Marked as resolved"),
    "reservation.note": _("Note"),
    "delivery.retry": _("Sent again"),
    "delivery.discard": _("Given up"),
    "delivery.edit": _("Changed and sent again"),
    "delivery.replay": _("Sent once more"),
}


def lane_of(consumer, home) -> str:
    """The lane that a consumer's effects are drawn in; the data platform is nobody's domain."""
    return "platform" if consumer == "data-sync" else home


def in_words(words, name) -> str:
    """What the table has for the name; the name itself when that is newer than the table."""
    return str(words.get(name, name))
