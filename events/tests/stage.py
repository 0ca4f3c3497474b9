"""An aggregate that says things and somebody who listens, without the box office."""

from contextlib import contextmanager
from uuid import uuid4

from events import bus
from events.consumers import Consumer
from events.ids import uuid7
from events.messages import ReservationHeld
from events.models import Delivery, Event

AUTHOR, LISTENER = "reservations", "settlement"  # two apps: two databases where each domain has its own
MOMENT = "2026-11-24T20:00:00+09:00"


@contextmanager
def listening(handler, *, name="listener", home=LISTENER, to=ReservationHeld, **options):
    """A consumer with that handler, as long as the block."""
    consumer = Consumer(name, home=home, **options)
    consumer.on(to)(handler)
    try:
        yield consumer
    finally:
        consumer.leave()


def heard_by(notes: list):
    """A handler that notes the versions it hears."""
    return lambda message, event: notes.append(event.seq)


def say(seq, *, aggregate, to="listener", type="ReservationHeld", **data) -> Event:
    """An event in its author's ledger, addressed to that consumer."""
    event = Event.objects.using(author()).create(
        aggregate_type="tests.Singer", aggregate_id=aggregate, seq=seq, type=type, data=HELD | data,
        correlation_id=aggregate, actor="system", traceparent="",
    )  # fmt: skip
    Delivery.address(event, consumers=[to], using=author())
    return event


def author():
    return bus.home(AUTHOR)


def deliveries(**filters):
    return Delivery.objects.using(author()).filter(**filters).order_by("aggregate_id", "seq")


def states(**filters):
    return list(deliveries(**filters).values_list("state", flat=True))


HELD = {
    "reservation_id": str(uuid4()),
    "user_id": str(uuid4()),
    "concert_id": str(uuid4()),
    "performance_id": str(uuid4()),
    "amount": 1,
    "held_until": MOMENT,
}
someone = uuid7
