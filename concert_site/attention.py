"""Reservations that somebody should look at. By partial indexes, so that a million that are well cost nothing."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.timezone import now as clock
from django.utils.translation import gettext_lazy as _

from concert_site.models import Finding
from events.admin.domains import domains
from events.models import Delivery
from reservations.models import Claim, Reservation

CALLS, LATE, STUCK, WRONG = "calls", "late", "stuck", "wrong"
CAUSES = {
    STUCK: _("a message is stuck"),
    LATE: _("past its deadline"),
    CALLS: _("calls for an operator"),
    WRONG: _("points or seats are wrong"),
}
STUCK_STATES = [Delivery.State.DEAD, Delivery.State.SHELVED]  # nobody tries these again by himself
MOST = 1_000  # of a cause, the oldest


@dataclass(kw_only=True)
class Case:
    """A reservation that needs somebody.

    causes: of CAUSES. since: when that began, as far as anybody knows. stuck: its deliveries. faults: what the last
    look at an invariant found.
    """

    reservation: Reservation
    causes: set
    since: datetime
    stuck: list
    faults: list


def cases(*, now=None) -> list[Case]:
    """The longest in need first."""
    now = now or clock()
    stuck, wrong, causes = _stuck(), _wrong(), defaultdict(set)
    for cause, ids in {CALLS: _calling(), LATE: _late(now), STUCK: stuck, WRONG: wrong}.items():
        for id in ids:
            causes[id].add(cause)
    found = Reservation.objects.in_bulk(list(causes))
    each = [_case(found[id], causes[id], stuck.get(id, []), wrong.get(id, [])) for id in found]
    return sorted(each, key=lambda case: case.since)


def past_deadline(now) -> list:
    """Querysets, each with its index."""
    paying = Reservation.objects.filter(status=Reservation.Status.PAYING, pay_deadline__lte=now)
    refunds = Reservation.objects.filter(refund_deadline__lte=now)
    return [paying.order_by("pay_deadline"), refunds.order_by("refund_deadline")]


def stuck_deliveries(alias):
    """Those that nobody tries again by himself."""
    return Delivery.objects.using(alias).filter(state__in=STUCK_STATES)


def _case(reservation, causes, stuck, faults):
    moments = [reservation.pay_deadline, reservation.refund_deadline, *(each.event.occurred_at for each in stuck)]
    since = min(filter(None, moments), default=reservation.created_at)
    return Case(reservation=reservation, causes=causes, since=since, stuck=stuck, faults=faults)


def _calling():
    return Reservation.objects.exclude(attention="").order_by("id").values_list("pk", flat=True)[:MOST]


def _late(now):
    return [id for late in past_deadline(now) for id in late.values_list("pk", flat=True)[:MOST]]


def _stuck() -> dict:
    """{reservation's id: deliveries}."""
    found = defaultdict(list)
    for alias in domains():
        rows = stuck_deliveries(alias).select_related("event").defer("last_error").order_by("id")
        for delivery in rows[:MOST]:
            found[delivery.correlation_id].append(delivery)
    return found


def _wrong() -> dict:
    """{reservation's id: what the last look found}, as far as the examples go."""
    examples = [(key, fault) for each in Finding.objects.last_looks() for key, fault, _versions in each.examples]
    faults = {tuple(key.split()): fault for key, fault in examples}
    claims = Claim.objects.in_bulk([id for noun, id in filter(_is_pair, faults) if noun == "claim"])
    found = defaultdict(list)
    for name, fault in faults.items():
        if name[0] == "reservation":
            found[UUID(name[1])].append(fault)
        elif name[0] == "claim" and (claim := claims.get(UUID(name[1]))):
            found[claim.reservation_id].append(fault)
    return found


def _is_pair(name):
    return len(name) == 2
