"""The whole flow as a machine: whatever fans, the worker, the line to it, time and operators do, in any order.

Its invariants hold after each step; at the end all that is owed is done and every invariant holds.
"""

from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from concert_site.invariants import violations
from events.aggregate import WrongStatus
from events.consumers import consumer, consumers
from events.models import Delivery
from events.models.inbox_message import Gap
from events.relay import deliver_round
from payments.models import Charge, Payment
from reservations import cancellation, confirmation, holding
from reservations.models import Concert, Reservation
from tests.everything import assert_sound, make_due, retry_the_dead, settle
from tests.sweeping import sweep
from tests.world import PRICE, make_performance

LATER = timedelta(minutes=3)
WHY = {"operator": "Olga", "reason": "the fan rang"}
ALWAYS = ["M", "S", "D1", "E", "T", "A"]

number = st.integers(0, 10_000)  # of those that there are


class WholeFlow(RuleBasedStateMachine):
    @initialize(seats=st.integers(1, 3))
    def begin(self, seats):
        sweep(settings.DATABASES)
        concert = Concert.objects.create(title="Night Flight", artist="The Comets")
        self.performance = make_performance(concert, seats=seats, seat_limit=1)
        self.seats = list(self.performance.seats.order_by("order"))
        self.fans, self.ago = [uuid4() for _ in range(3)], timedelta()
        for fan in self.fans[1:]:
            self.charge(0, fan=fan)

    # --- Fans

    @rule(which=number)
    def charge(self, which, fan=None):
        Charge.make(user_id=fan or self.one(self.fans, which), amount=PRICE, key=str(uuid4()))

    @rule(which=number, where=number, tell=st.booleans())
    def hold(self, which, where, tell):
        hold = {"performance": self.performance, "seat_ids": [self.one(self.seats, where).id], "key": str(uuid4())}
        try:
            held = holding.hold(user_id=self.one(self.fans, which), **hold)
        except (holding.SeatsUnavailable, holding.SeatLimitExceeded):
            return
        assert holding.hold(user_id=held.user_id, **hold) == held
        if tell:
            held.submit()

    @rule(which=number)
    @precondition(lambda self: self.having("HELD"))
    def submit(self, which):
        chosen = self.some("HELD", which=which)
        for _time in range(2):
            chosen.submit(key="k")

    @rule(which=number)
    @precondition(lambda self: self.having("HELD"))
    def release(self, which):
        self.some("HELD", which=which).release()

    @rule(which=number)
    @precondition(lambda self: self.having("CONFIRMED"))
    def cancel(self, which):
        cancellation.cancel(self.some("CONFIRMED", which=which))

    # --- The worker, and the line to it

    @rule(limit=st.integers(1, 5))
    def deliver(self, limit):
        for using in self.databases():
            deliver_round(using=using, consumers=self.names(), limit=limit)

    @rule(limit=st.integers(1, 5))
    def deliver_and_die_before_saying_so(self, limit):
        for claimed in self.claim(limit):
            take(claimed)

    @rule(limit=st.integers(1, 5))
    def claim_and_die(self, limit):
        self.claim(limit)

    @rule(limit=st.integers(1, 5), most=st.integers(1, 3))
    def fail_after_the_effect(self, limit, most):
        for claimed in self.claim(limit):
            database = consumer(claimed.consumer).database
            with transaction.atomic(using=database):
                take(claimed)
                transaction.set_rollback(True, using=database)
            claimed.fail(ValueError("bad day"), max_attempts=most)

    @rule(which=number)
    @precondition(lambda self: self.deliveries(state="done"))
    def hear_once_more(self, which):
        before = self.what_counts()
        take(self.one(self.deliveries(state="done"), which))
        assert self.what_counts() == before

    @rule(which=number)
    @precondition(lambda self: self.deliveries(state__in=["ready", "waiting", "parked"]))
    def hear_out_of_turn(self, which):
        take(self.one(self.deliveries(state__in=["ready", "waiting", "parked"]), which))

    @rule()
    def wait_for_leases_and_pauses(self):
        make_due()

    # --- Time

    @rule()
    def let_holds_expire(self):
        holding.expire_holds(now=now() + timedelta(minutes=6))

    @rule()
    def let_deadlines_pass(self):
        self.ago += LATER
        confirmation.chase(now=now() + self.ago)

    # --- Operators

    @rule(which=number)
    @precondition(lambda self: Reservation.objects.exists())
    def compensate(self, which):
        reservation = self.some(*Reservation.Status.values, which=which)
        try:
            confirmation.compensate(reservation, **WHY, seen=reservation.revision)
        except WrongStatus:
            assert not confirmation.compensation_of(reservation)

    @rule()
    def retry_the_dead(self):
        retry_the_dead(**WHY)

    # --- What must hold

    @invariant()
    @precondition(lambda self: hasattr(self, "fans"))
    def nothing_is_broken(self):
        assert violations(ALWAYS, pause=0) == {}

    def teardown(self):
        """Some time later all is over, and sound."""
        if not hasattr(self, "fans"):
            return
        for _time in range(4):
            self.retry_the_dead()
            make_due()
            settle()
            self.let_deadlines_pass()
        assert self.having("PAYING") == []
        assert not Reservation.objects.exclude(refund_deadline=None).exists()
        assert_sound()

    # --- Who and what there is

    def one(self, them, which):
        return them[which % len(them)]

    def having(self, *statuses):
        return list(Reservation.objects.filter(status__in=statuses).order_by("id"))

    def some(self, *statuses, which):
        return self.one(self.having(*statuses), which)

    def databases(self):
        return list(settings.DATABASES)

    def names(self):
        return [each.name for each in consumers()]

    def deliveries(self, **filters):
        found = [Delivery.objects.using(using).filter(**filters).order_by("id") for using in self.databases()]
        return [each for rows in found for each in rows.select_related("event")]

    def claim(self, limit):
        claims = [Delivery.claim(using=each, consumers=self.names(), limit=limit) for each in self.databases()]
        return [claimed for batch in claims for claimed in batch]

    def what_counts(self):
        reservations = Reservation.objects.order_by("id").values_list("id", "status", "version")
        return list(reservations), list(Payment.objects.order_by("id").values_list("id", "status", "version"))


def take(delivery):
    """As a consumer does whom somebody hands it; he tells it from a repeat, and waits for what is missing."""
    delivery.event.position = delivery.position
    try:
        consumer(delivery.consumer).handle(delivery.event)
    except Gap:
        pass
