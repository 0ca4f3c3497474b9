"""How a reservation stands: all is well, it is under way, or it needs somebody; and why, in sentences."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from concert_site.admin.levels import BAD, GOOD, WATCH
from concert_site.timeline.facts import address
from concert_site.timeline.words import CONSUMERS, MESSAGES, in_words
from events.models import Delivery
from reservations.models import Reservation

Status = Reservation.Status


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why somebody should look. address: of what is to be repaired; "" for the reservation itself."""

    words: str
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """reasons: the gravest first; the level is "bad" when there are any."""

    level: str
    reasons: list

    @property
    def in_short(self):
        return {GOOD: _("Nothing to do"), WATCH: _("Under way"), BAD: _("Needs you")}[self.level]


def standing_of(reservation, *, deliveries, barred, points, seats, now) -> Standing:
    """deliveries: those that are not over. barred(consumer): why it gets nothing now. points, seats: the verdicts."""
    stuck = [each for each in deliveries if each.state in Delivery.OPEN]
    reasons = list(reasons_of(reservation, stuck=stuck, points=points, seats=seats, now=now))
    if reasons:
        return Standing(level=BAD, reasons=reasons)
    waits = dict.fromkeys(filter(None, (barred(each.consumer) for each in deliveries)))
    if waits:
        there = reverse("admin:consumers")
        reasons = [Reason(words=_("Messages wait: %(why)s.") % {"why": why}, address=there) for why in waits]
        return Standing(level=WATCH, reasons=reasons)
    if reservation.status == Status.PAYING or reservation.awaits_refund or deliveries:
        return Standing(level=WATCH, reasons=[Reason(words=_under_way(reservation))])
    return Standing(level=GOOD, reasons=[Reason(words=SETTLED[reservation.status])])


def reasons_of(reservation, *, stuck, points, seats, now):
    """Why somebody should look at it. What is seen here is told in our own words, and not as it was flagged."""
    late = list(_late(reservation, now=now))
    if reservation.attention and not stuck and not late:
        yield Reason(words=_("It calls for an operator: %(why)s.") % {"why": reservation.attention})
    for delivery in stuck:
        told = {"what": in_words(MESSAGES, delivery.event.type), "where": in_words(CONSUMERS, delivery.consumer)}
        yield Reason(words=STUCK[delivery.state] % told, address=address(delivery))
    yield from late
    for title, verdict in ((_("Points"), points), (_("Seats"), seats)):
        if verdict.level == BAD:
            yield Reason(words=f"{title}: {verdict.words}")


def _late(reservation, *, now):
    for field, words in LATE.items():
        deadline = getattr(reservation, field)
        if deadline and deadline <= now:
            yield Reason(words=words % {"since": timesince(deadline, now)})


def _under_way(reservation):
    if reservation.status == Status.PAYING:
        return _("The points are being debited. That takes seconds; it goes on by itself.")
    if reservation.awaits_refund:
        return _("The points are being given back. That takes seconds; it goes on by itself.")
    return _("Messages about it are still on their way. They go on by themselves.")


STUCK = {
    Delivery.State.DEAD: gettext_lazy(
        "“%(what)s” could not be delivered to %(where)s; nothing goes on there until it is repaired."
    ),
    Delivery.State.SHELVED: gettext_lazy(
        "“%(what)s” is of a kind that %(where)s does not know yet; it goes on by itself once that is updated."
    ),
}
LATE = {
    "pay_deadline": gettext_lazy("The answer about its points should have come %(since)s ago."),
    "answer_deadline": gettext_lazy("Payments should have said %(since)s ago whether it took the points after all."),
    "refund_deadline": gettext_lazy("Its refund should have been confirmed %(since)s ago."),
}
SETTLED = {
    Status.HELD: gettext_lazy("The fan holds the seats and may pay until the hold's end. There is nothing to do."),
    Status.CONFIRMED: gettext_lazy("Paid and confirmed. There is nothing to do."),
    Status.FAILED: gettext_lazy("It did not go through, and nobody owes anything. There is nothing to do."),
    Status.EXPIRED: gettext_lazy("The hold ran out without a payment. There is nothing to do."),
    Status.RELEASED: gettext_lazy("The fan gave the hold up. There is nothing to do."),
    Status.CANCELLED: gettext_lazy("Cancelled, and the points are settled. There is nothing to do."),
}
