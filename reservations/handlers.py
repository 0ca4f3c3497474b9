"""After the confirmation: none of these can undo it."""

from events.consumers import Consumer
from events.messages import ReservationCancelled, ReservationConfirmed
from reservations import data_platform, ranking
from reservations.models import Reservation

popularity = Consumer("ranking", home="reservations")
data_sync = Consumer("data-sync", home="reservations", external=True)

data_sync.on(ReservationConfirmed, ReservationCancelled)(data_platform.send)


@popularity.on(ReservationConfirmed)
def count(message, event):
    ranking.count(
        reservation_id=message.reservation_id, concert_id=message.concert_id, confirmed_at=message.confirmed_at
    )


@popularity.on(ReservationCancelled)
def uncount(message, event):
    confirmed_at = Reservation.objects.values_list("confirmed_at", flat=True).get(id=message.reservation_id)
    ranking.uncount(reservation_id=message.reservation_id, concert_id=message.concert_id, confirmed_at=confirmed_at)
