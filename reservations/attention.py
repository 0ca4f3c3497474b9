"""Which reservations need an operator, and why: found by looking, said in words, taken back when it has come right.

That is, where a deadline passed though it was asked again, and where what follows from the reservation can't be
delivered: the confirmation stands, whatever becomes of mail, sync or ranking, but somebody has to know.
"""

from collections import defaultdict
from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.db.models import Q

from events import bus
from events.aggregate import WrongStatus
from events.clock import database_now
from events.consumers import consumers
from events.destinations import Destinations
from events.models import Delivery
from reservations.models import Reservation

PATIENCE = timedelta(seconds=45)  # past the deadline of a payment; then the watchdog itself is in trouble
LONGEST = Reservation._meta.get_field("attention").max_length
AT_A_TIME = 500
State, Status = Delivery.State, Reservation.Status


def watch(*, now=None) -> int:
    """Raise, reword and take back; returns how many changed."""
    now = now or database_now(bus.home(Reservation))
    stuck = _stuck(now)
    ids = {id for deliveries in stuck for id in deliveries.values_list("correlation_id", flat=True)}
    for late in _overdue(now).values():
        ids |= set(Reservation.objects.filter(late).values_list("id", flat=True))
    ids |= set(Reservation.objects.exclude(attention="").values_list("id", flat=True))
    return sum(_look_at(some, stuck, now=now) for some in _in_portions(sorted(ids)))


def _overdue(now) -> dict:
    """What payments has not done though it was asked again, in words."""
    return {
        "it is still paying long after its deadline": Q(status=Status.PAYING, pay_deadline__lte=now - PATIENCE),
        "payments has not confirmed the refund": Q(refund_deadline__lte=now, asked_again_at__isnull=False),
        "payments has not said whether it took the points": Q(answer_deadline__lte=now),
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


def _look_at(ids, stuck, *, now) -> int:
    words = defaultdict(list)
    some = Reservation.objects.filter(id__in=ids)
    for why, late in _overdue(now).items():
        for id in some.filter(late).values_list("id", flat=True):
            words[id].append(why)
    for deliveries in stuck:
        for delivery in deliveries.filter(correlation_id__in=ids).select_related("event").order_by("id"):
            words[delivery.correlation_id].append(_in_words(delivery))
    return sum(_say(each, "; ".join(words[each.id])[:LONGEST]) for each in some)


def _in_words(delivery):
    why = delivery.fingerprint.split(" ")[0] if delivery.state == State.DEAD else "for long"
    return f"{delivery.consumer} has not taken {delivery.event.type} ({why or 'dead'})"


def _say(reservation, why) -> bool:
    if why == reservation.attention:
        return False
    try:
        reservation.call_attention(why=why) if why else reservation.take_attention_back()
    except WrongStatus:  # it moved on meanwhile: the next look sees it
        return False
    return True


def _in_portions(ids):
    rest = iter(ids)
    while some := list(islice(rest, AT_A_TIME)):
        yield some
