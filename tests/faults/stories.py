"""Stories of one fan each, told again with the same keys as a phone repeats what went unanswered."""

from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import connections
from django.utils.timezone import now

from events.consumers import consumers
from events.homes import own_databases
from events.relay import deliver_batch
from payments.models import Charge
from reservations import confirmation, holding
from reservations.models import Reservation
from tests.everything import make_due, settle, unfinished
from tests.faults.points import hit
from tests.world import PRICE, Fan

LATER = timedelta(minutes=3)


class Refused(AssertionError):
    """The shop said no, or not now."""

    def __init__(self, answer):
        self.status = answer.status_code
        super().__init__(f"{answer.status_code} {answer.content}")


class Story:
    """A fan, his seat and his keys. Called, it is told from the beginning, or from where it was broken off."""

    points, ends = PRICE, "CONFIRMED"

    def __init__(self, world, seat):
        self.world, self.seat, self.fan = world, seat, Fan.sign_up("Dora")
        self.keys = {step: str(uuid4()) for step in ("charge", "hold", "pay", "cancel")}
        world.admit(self.fan)

    def __call__(self):
        self.buy()
        self.work()

    def buy(self):
        self.charge()
        self.hold()
        self.pay()

    def charge(self):
        self._answered(self.fan.call("post", "/points/charges", {"amount": self.points}, key=self.keys["charge"]), 201)

    def hold(self):
        held = self._answered(self.fan.hold(self.world.performance, self.seat, key=self.keys["hold"]), 201)
        self.id = held.json()["id"]

    def pay(self):
        self._answered(self.fan.pay(self.id, self.world.concert, key=self.keys["pay"]), 200, 202, 402)

    def cancel(self):
        path, agreed = f"/reservations/{self.id}/cancellation", {"refund": PRICE}
        self._answered(self.fan.call("post", path, agreed, key=self.keys["cancel"]), 200)

    def work(self):
        """What the worker does about this story alone, so that its points are the same each time."""
        names = [each.name for each in consumers()]
        story = {"consumers": names, "correlation_id": self.id}
        while any([deliver_batch(using=using, **story) for using in own_databases()]):
            pass

    @property
    def reservation(self):
        return Reservation.objects.filter(user_id=self.fan.user.id).first()

    @property
    def status(self):
        return self.reservation and self.reservation.status

    @property
    def has_its_end(self):
        """Told to its end, it has this status and this many points are left."""
        return (self.status, self.fan.balance) == (self.ends, self.points if self.ends != "CONFIRMED" else 0)

    def _answered(self, answer, *statuses):
        if answer.status_code not in statuses:
            raise Refused(answer)
        return answer


class Purchase(Story):
    """Charge, hold, pay; the worker confirms."""


class Decline(Story):
    """One point is missing."""

    points, ends = PRICE - 1, "FAILED"


class Cancellation(Story):
    """Bought before; given back for all its points."""

    ends = "CANCELLED"

    def __init__(self, world, seat):
        super().__init__(world, seat)
        self.buy()
        self.work()
        assert self.status == "CONFIRMED"

    def __call__(self):
        self.cancel()
        self.work()


class LateDebit(Story):
    """Payments is silent until the reservation has failed; then its debit comes, and the seat is another's."""

    ends = "FAILED"

    def __init__(self, world, seat):
        super().__init__(world, seat)
        self.charge()
        self.hold()
        self.reservation.submit()
        for deadline in (1, 2):
            confirmation.chase(now=now() + deadline * LATER)
        assert self.status == "FAILED"
        holding.hold(performance=world.performance, seat_ids=[seat.id], user_id=uuid4())

    def __call__(self):
        self.work()


STORIES = [Purchase, Decline, Cancellation, LateDebit]


def let_leases_end():
    """Half a minute later: deliveries and requests of the dead process may be taken over."""
    make_due()
    for alias in settings.DATABASES:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "UPDATE events_idempotentrequest SET leased_until = now() - interval '1 s' WHERE status IS NULL"
            )


def told_and_hit(story, world, *, points, blows):
    """One telling of the story for each point, hit there, until it has no such point."""
    for seat, point, blow in zip(world.seats, points, blows, strict=False):
        telling = story(world, seat)
        was_hit = hit(telling, at=point, blow=blow)
        yield telling
        if not was_hit:
            return


def gone_on(tellings):
    """The worker does what was left to him, and the fans tell their stories to the end; those that have none."""
    let_leases_end()
    for charge in Charge.objects.filter(status="PENDING"):
        charge.settle()
    settle()
    undone = unfinished()
    for telling in tellings:
        telling()
    return undone + [telling.status for telling in tellings if not telling.has_its_end]
