"""The people and the concert that the tests share, and how they act through the API."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.models import ApiToken, User
from payments.models import Charge, PointAccount
from queueing.models import Room
from queueing.ticks import tick_rooms
from reservations.models import Concert, Performance, Reservation, SeatingPlan, Venue
from reservations.seating_plans import Grade, Layout, PlanSeat

PRICE = 100_000


@dataclass
class Fan:
    """Somebody with an account, acting through the API as a phone would."""

    user: User
    client: APIClient
    tokens: dict = field(default_factory=dict)

    @classmethod
    def sign_up(cls, name, *, points=0):
        user = User(email=f"{name.lower()}-{uuid4().hex[:8]}@example.com", name=name)
        user.set_unusable_password()
        user.save()
        client = APIClient(raise_request_exception=True)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {ApiToken.issue(user=user, now=now())[1]}")
        fan = cls(user, client)
        if points:
            fan.charge(points)
        return fan

    def charge(self, points):
        Charge.make(user_id=self.user.id, amount=points, key=str(uuid4()))

    @property
    def balance(self):
        return PointAccount.objects.filter(user_id=self.user.id).values_list("balance", flat=True).first() or 0

    def call(self, method, path, data=None, *, key=None, concert=None, **headers):
        if concert and str(concert.id) in self.tokens:
            headers["Queue-Token"] = self.tokens[str(concert.id)]
        if key:
            headers["Idempotency-Key"] = str(key)
        return getattr(self.client, method)(f"/api/v1{path}", data, format="json", headers=headers)

    def enter(self, concert):
        """Enter the room and keep the token."""
        answer = self.call("post", f"/waiting-rooms/{concert.id}/place")
        self.tokens[str(concert.id)] = answer.json()["token"]
        return answer

    def hold(self, performance, *seats, key=None):
        body = {"performance": str(performance.id), "seats": [str(seat.id) for seat in seats]}
        return self.call("post", "/reservations", body, key=key, concert=performance.concert)

    def pay(self, reservation_id, concert, key=None):
        return self.call("post", f"/reservations/{reservation_id}/payment", key=key or uuid4(), concert=concert)

    def cancel(self, reservation_id, **body):
        return self.call("post", f"/reservations/{reservation_id}/cancellation", body)


@dataclass
class World:
    """A concert on sale with twelve seats and its waiting room open; and its people."""

    concert: Concert
    performance: Performance
    room: Room
    alice: Fan
    bob: Fan
    charlie: Fan

    @classmethod
    def make(cls, *, seats=12, **performance):
        concert = Concert.objects.create(title="Night Flight", artist="The Comets")
        performance = make_performance(concert, seats=seats, **performance)
        room = Room.objects.create(concert_id=concert.id, state=Room.State.OPEN)
        people = [Fan.sign_up(name, points=1_000_000) for name in ("Alice", "Bob", "Charlie")]
        return cls(concert, performance, room, *people)

    @property
    def seats(self):
        return list(self.performance.seats.order_by("order"))

    def admit(self, *fans):
        """Let the fans in."""
        for fan in fans or (self.alice, self.bob, self.charlie):
            fan.enter(self.concert)
        tick_rooms()

    def held_by(self, fan, *seats) -> Reservation:
        """A reservation that the fan holds, made through the API."""
        self.admit(fan)
        answer = fan.hold(self.performance, *(seats or self.seats[:1]))
        assert answer.status_code == 201, answer.content
        return Reservation.objects.get(id=answer.json()["id"])

    def bought_by(self, fan, *seats) -> Reservation:
        reservation = self.held_by(fan, *seats)
        answer = fan.pay(reservation.id, self.concert)
        assert answer.status_code == 200, answer.content
        reservation.refresh_from_db()
        return reservation


def make_performance(concert, *, seats=12, starts_in=timedelta(days=30), seat_limit=4, price=PRICE):
    venue, _ = Venue.objects.get_or_create(name="The Cellar")
    plan_seats = tuple(
        PlanSeat(f"s{n}", "Floor", "A", str(n + 1), "R", float(n * 10), 0.0, False, False) for n in range(seats)
    )
    layout = Layout(f"Floor of {seats}", 200.0, 100.0, (Grade("R", "#cc0000"),), plan_seats, ())
    plan, _ = SeatingPlan.objects.get_or_create(venue=venue, name=layout.name, defaults={"layout": layout.to_json()})
    starts_at = now() + starts_in
    performance = Performance.objects.create(
        concert=concert,
        plan=plan,
        starts_at=starts_at,
        sales_open_at=now() - timedelta(days=60),
        sales_close_at=starts_at,
        seat_limit=seat_limit,
    )
    performance.lay_out(prices={"R": price})
    return performance
