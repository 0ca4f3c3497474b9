"""What promoters are owed, from events alone."""

from events.consumers import Consumer
from events.messages import ReservationCancelled, ReservationConfirmed
from settlement.models import Line

settlement = Consumer("settlement", home="settlement", batched=True)


@settlement.on(ReservationConfirmed)
def book_sale(message, event):
    _book(message, event, {Line.Kind.SALE: message.amount})


@settlement.on(ReservationCancelled)
def book_cancellation(message, event):
    _book(message, event, {Line.Kind.REFUND: -message.refund, Line.Kind.FEE: message.fee})


def _book(message, event, amounts):
    Line.objects.bulk_create(
        Line(
            performance_id=message.performance_id,
            concert_title=message.concert_title,
            starts_at=message.starts_at,
            reservation_id=message.reservation_id,
            kind=kind,
            amount=amount,
            event_id=event.id,
            occurred_at=event.occurred_at,
        )
        for kind, amount in amounts.items()
        if amount
    )
