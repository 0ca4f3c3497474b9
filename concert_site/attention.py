"""Reservations that somebody should look at. By partial indexes, so that a million that are well cost nothing."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Max, Q
from django.utils.timezone import now as clock
from django.utils.translation import gettext_lazy as _

from concert_site.models import Finding
from events import bus
from events.admin.domains import domains
from events.models import Delivery, Destination, Transition
from reservations.models import Claim, Reservation

CALLS, LATE, STUCK, WRONG = "calls", "late", "stuck", "wrong"
CAUSES = {
    STUCK: _("a message is stuck"),
    LATE: _("past its deadline"),
    CALLS: _("calls for an operator"),
    WRONG: _("points or seats are wrong"),
}
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
    calling, late = _calling(), Reservation.objects.past_deadline(now, most=MOST)
    stuck, wrong, causes = _stuck(), _wrong(), defaultdict(set)
    for cause, ids in {CALLS: calling, LATE: late, STUCK: stuck, WRONG: wrong}.items():
        for id in ids:
            causes[id].add(cause)
    found, moved = Reservation.objects.in_bulk(list(causes)), _last_moves(list(causes))
    each = [
        _case(found[id], causes[id], stuck=stuck.get(id, []), looks=wrong.get(id, []), moved=moved.get(id), now=now)
        for id in found
    ]
    return sorted(each, key=lambda case: case.since)


def stuck_deliveries(alias):
    """Those that wait for somebody."""
    return Delivery.objects.using(alias).filter(state__in=Delivery.OPEN)


def barred() -> list[Destination]:
    """Who gets nothing now: away, or paused by an operator."""
    gone = Q(away_since__isnull=False) | Q(paused=True)
    return [row for alias in domains() for row in Destination.objects.using(alias).filter(gone)]


def _case(reservation, causes, *, stuck, looks, moved, now):
    deadlines = [reservation.pay_deadline, reservation.answer_deadline, reservation.refund_deadline]
    over = [deadline for deadline in deadlines if deadline and deadline <= now]
    moments = [*over, *(each.event.occurred_at for each in stuck), *(at for _fault, at in looks)]
    since = min(moments, default=moved or reservation.created_at)
    faults = [fault for fault, _at in looks]
    return Case(reservation=reservation, causes=causes, since=since, stuck=stuck, faults=faults)


def _calling():
    return Reservation.objects.needing_attention().order_by("id").values_list("pk", flat=True)[:MOST]


def _stuck() -> dict:
    """{reservation's id: deliveries}."""
    found = defaultdict(list)
    for alias in domains():
        rows = stuck_deliveries(alias).select_related("event").defer("last_error").order_by("id")
        for delivery in rows[:MOST]:
            found[delivery.correlation_id].append(delivery)
    return found


def _last_moves(ids) -> dict:
    """{reservation's id: when anything was last done to it}: a flag is raised by a move."""
    noun = {"aggregate_type": Reservation._meta.label, "aggregate_id__in": ids}
    moves = Transition.objects.using(bus.home(Reservation)).filter(**noun).order_by()
    return dict(moves.values_list("aggregate_id").annotate(Max("at")))


def _wrong() -> dict:
    """{reservation's id: what the last looks found, and when}, as far as the examples go."""
    looks = Finding.objects.last_looks()
    faults = {tuple(key.split()): (fault, look.finished_at) for look in looks for key, fault, _ in look.examples}
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
