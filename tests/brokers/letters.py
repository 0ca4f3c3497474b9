"""Envelopes of made-up events, and all that has come."""

import time
from dataclasses import replace

from django.utils.timezone import now

from events.ids import uuid7
from events.models import Event
from events.transports import envelope
from events.transports.envelope import Envelope


def letter(*, aggregate_id=None, seq=1, consumer="payments", **data):
    event = Event(
        id=uuid7(), aggregate_type="reservations.Reservation", aggregate_id=aggregate_id or uuid7(), seq=seq,
        type="ReservationHeld", data=data, correlation_id=uuid7(), actor="system", occurred_at=now(),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )  # fmt: skip
    return Envelope(event=event, consumer=consumer, position=replace(event.position, prev_seq=0))


def letters(count, **fields):
    """Of one aggregate, numbered from 1."""
    aggregate_id = uuid7()
    return [letter(aggregate_id=aggregate_id, seq=n, **fields) for n in range(1, count + 1)]


def all_of(transport, topic, count, *, seconds=20):
    """What comes until there are so many, or the time is over; nothing is acknowledged."""
    found, deadline = [], time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        found += transport.receive(topic, wait=0.5)
    return found


def seqs(received):
    return [envelope.read(each.body).event.seq for each in received]
