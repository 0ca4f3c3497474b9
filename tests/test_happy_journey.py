"""A fan buys a seat."""

from events.relay import relay
from payments.models import Payment
from reservations.models import Reservation


class TestBuyingASeat:
    def test_leads_from_the_waiting_room_to_a_ticket(self, world):
        alice, seat = world.alice, world.seats[0]

        assert alice.enter(world.concert).json()["status"] == "WAITING"
        assert alice.hold(world.performance, seat).json()["code"] == "queue_token_not_active"
        world.admit(alice)

        held = alice.hold(world.performance, seat)
        assert held.status_code == 201, held.content
        assert held.json()["status"] == "HELD"

        paid = alice.pay(held.json()["id"], world.concert)
        assert paid.status_code == 200, paid.content
        assert paid.json()["status"] == "CONFIRMED"
        assert alice.balance == 900_000
        assert Payment.objects.get().status == "CAPTURED"

        ticket = alice.call("get", f"/reservations/{held.json()['id']}/ticket")
        assert ticket.json()["qr_payload"]
        relay()
        relay(external=True)
        assert Reservation.objects.get().status == "CONFIRMED"
