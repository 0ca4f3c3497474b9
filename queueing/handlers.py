"""What the waiting room makes of the shop's events. Each may come twice and late: only the place named is touched."""

from datetime import timedelta

from events.consumers import Consumer
from events.messages import ReservationConfirmed, ReservationFailed, ReservationSubmitted
from queueing import places, rooms

ASKED_AGAIN = timedelta(minutes=3)  # after the deadline the shop asks once more, for two minutes, before it gives up

queue_consumer = Consumer("queueing", home="queueing", urgent=True)


@queue_consumer.on(ReservationSubmitted)
def keep_place(message, event):
    """The slot stays taken while the payment may still come through."""
    if message.place:
        rooms.keep(**_named(message), until=message.pay_deadline + ASKED_AGAIN)


@queue_consumer.on(ReservationConfirmed)
def use_place(message, event):
    """Paid: the slot is free for the next fan."""
    if message.place:
        rooms.use(**_named(message))


@queue_consumer.on(ReservationFailed)
def give_time_back(message, event):
    """Not paid: who failed at the last step goes on where he was, and not from the end of the line."""
    if message.place:
        rooms.give_back(**_named(message))


def _named(message):
    number = places.number_of(message.place)
    return {"concert_id": message.concert_id, "account_id": message.user_id, "number": number}
