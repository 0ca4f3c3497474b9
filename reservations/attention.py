"""Which reservations need an operator, and why: found by looking, said in words, taken back when it has come right.

That is, where a deadline passed though it was asked again, and where what follows from the reservation can't be
delivered: the confirmation stands, whatever becomes of mail, sync or ranking, but somebody has to know.
"""

from collections import defaultdict
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import connections
from django.db.models import Q

from events import bus
from events.aggregate import WrongStatus
from events.clock import database_now
from events.consumers import consumers
from events.destinations import NOT_REACHED, Destinations
from events.models import Delivery
from reservations.models import Reservation

logger = structlog.get_logger(__name__)
PATIENCE = timedelta(seconds=45)  # past the deadline of a payment; then the watchdog itself is in trouble
LONGEST = Reservation._meta.get_field("attention").max_length
MOST = 1_000  # of each kind in one look; any of them, so that each has its turn
State, Status = Delivery.State, Reservation.Status


def watch(*, now=None) -> int:
    """Raise, reword and take back; returns how many changed.

    While a database is away nobody knows what lies there: then it is only raised where nothing was said.
    """
    now = now or database_now(bus.home(Reservation))
    stuck, unreached = _stuck(now), set()
    told = Reservation.objects.exclude(attention="", resolved="")
    untold = [Reservation.objects.filter(late, attention="", resolved="") for late in _overdue(now).values()]
    ids = {id for rows in [told, *untold] for id in rows.order_by("?").values_list("pk", flat=True)[:MOST]}
    for rows in stuck:
        ids |= set(_read(rows.order_by("?").values_list("correlation_id", flat=True)[:MOST], unreached))
    reservations = list(Reservation.objects.filter(id__in=ids))  # before the words, which then are none of an older one
    words = _words(ids, stuck, unreached, now=now)
    return sum(_say(each, "; ".join(words[each.id])[:LONGEST], unreached) for each in reservations)


def _overdue(now) -> dict:
    """What payments has not done though it was asked again, in words."""
    silent = Q(answer_deadline__lte=now)
    return {
        "it is still paying long after its deadline": Q(status=Status.PAYING, pay_deadline__lte=now - PATIENCE),
        "payments has not confirmed the refund": Q(refund_deadline__lte=now, asked_again_at__isnull=False),
        "payments has not said whether it took the points": silent & ~Q(status=Status.CONFIRMED),
        "it is confirmed, but payments has not debited it": silent & Q(status=Status.CONFIRMED),
    }


def _stuck(now) -> list:
    """Of each database, deliveries that go on by no doing of ours.

    Not those that wait for somebody who is away or paused: the breaker says that once, for all.
    """
    names = [each.name for each in consumers() if each.is_here]
    held_up_for_long = Q(
        state__in=[State.READY, State.LEASED, State.SHELVED],
        held_up_since__lte=now - timedelta(seconds=settings.AFTERWARDS_SECONDS),
        consumer__in=Destinations(names).open,
    )
    return [
        Delivery.objects.using(using).filter(Q(state=State.DEAD) | held_up_for_long) for using in bus.own_databases()
    ]


def _read(rows, unreached) -> list:
    """Nothing, where the database is away."""
    try:
        return [] if rows.db in unreached else list(rows)
    except NOT_REACHED:
        logger.warning("database_not_reached", database=rows.db, exc_info=True)
        connections[rows.db].close()
        unreached.add(rows.db)
        return []


def _words(ids, stuck, unreached, *, now) -> dict:
    words = defaultdict(list)
    for why, late in _overdue(now).items():
        for id in Reservation.objects.filter(late, id__in=ids).values_list("id", flat=True):
            words[id].append(why)
    for rows in stuck:
        theirs = rows.filter(correlation_id__in=ids).select_related("event").defer("last_error").order_by("id")
        for delivery in _read(theirs, unreached):
            words[delivery.correlation_id].append(_in_words(delivery))
    return words


def _in_words(delivery):
    why = delivery.fingerprint.split(" ")[0] if delivery.state == State.DEAD else "for long"
    return f"{delivery.consumer} has not taken {delivery.event.type} ({why or 'dead'})"


def _say(reservation, why, unreached) -> bool:
    """Not what an operator has seen to, until it was over once."""
    resolved = reservation.resolved if why else ""
    shown = "" if why == resolved else why
    said = reservation.attention or reservation.resolved
    if (shown, resolved) == (reservation.attention, reservation.resolved) or (unreached and said):
        return False
    try:
        reservation.call_attention(why=shown) if shown else reservation.take_attention_back(resolved=resolved)
    except WrongStatus:  # it moved on meanwhile: the next look sees it
        return False
    return True
