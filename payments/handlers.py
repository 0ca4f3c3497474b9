from events.consumers import Consumer
from events.messages import RefundRequested, ReservationCancelled, ReservationSubmitted
from payments.models import Payment

payments = Consumer("payments", home="payments", urgent=True)


@payments.on(ReservationSubmitted)
def debit(message, event):
    Payment.debit(reservation_id=message.reservation_id, user_id=message.user_id, amount=message.amount)


@payments.on(ReservationCancelled, RefundRequested)
def refund(message, event):
    Payment.refund(
        reservation_id=message.reservation_id,
        user_id=message.user_id,
        amount=message.amount,
        refund=message.refund,
        fee=message.fee,
    )
