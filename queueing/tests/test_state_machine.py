"""Whatever fans, operators, time and losses do, in any order: the promises of invariant Q hold after each step."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.db.models import F
from django_redis import get_redis_connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from queueing import rooms, ticks
from queueing.models import Admission, Room
from queueing.tests.world import START, make_room

pytestmark = pytest.mark.django_db(databases="__all__")

FANS = [UUID(int=n) for n in range(1, 8)]
fans = st.sampled_from(FANS)
MINUTE = timedelta(minutes=1)


class WaitingRoom(RuleBasedStateMachine):
    @initialize(max_active=st.integers(1, 3), per_minute=st.integers(1, 5))
    def opens(self, max_active, per_minute):
        get_redis_connection("default").flushdb()
        times = {"active_seconds": 120, "longest_seconds": 300, "grace_seconds": 60}
        self.room = make_room(max_active=max_active, per_minute=per_minute, **times)
        self.now, self.tokens, self.lost = START, {}, False

    # What fans do

    @rule(fan=fans)
    def enters(self, fan):
        place = rooms.enter(**self.of(fan))
        self.tokens[fan] = place.token

    @rule()
    def all_come_and_a_worker_ticks(self):
        """More than may be in, at the same moment: what tempts a tick to let in too many, or the wrong ones."""
        for fan in FANS:
            self.enters(fan)
        self.tick()

    @rule(fan=fans)
    def asks(self, fan):
        place = rooms.place(**self.of(fan))
        if place and place.token:
            self.tokens[fan] = place.token

    @rule(fan=fans)
    def leaves(self, fan):
        rooms.leave(**self.of(fan))
        self.tokens.pop(fan, None)
        assert rooms.place(**self.of(fan)) is None

    @rule(fan=fans)
    def pays(self, fan):
        place = self.place_of(fan)
        if place and place.is_active:
            assert rooms.use(**self.of(fan), number=place.number)
            assert self.place_of(fan).status == "USED"

    @rule()
    def all_who_are_in_pay_and_all_come_again(self):
        """Slots come back faster than the minute allows new ones: what tempts a tick to forget the pace."""
        for fan in FANS:
            self.pays(fan)
        self.all_come_and_a_worker_ticks()

    @rule(fan=fans, seconds=st.integers(1, 200))
    def fails_at_the_last_step(self, fan, seconds):
        place = self.place_of(fan)
        if place and place.is_active:
            left = place.active_until - self.now
            rooms.keep(**self.of(fan), number=place.number, until=self.now + timedelta(seconds=seconds))
            self.now += timedelta(seconds=seconds - 1)
            if rooms.give_back(**self.of(fan), number=place.number):
                again = self.place_of(fan)
                assert again.is_active and again.active_until - self.now <= left

    # What time, workers and operators do

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule()
    def a_worker_ticks(self):
        self.tick()

    @rule(max_active=st.integers(0, 3), per_minute=st.integers(0, 5))
    def limits_change(self, max_active, per_minute):
        self.change(max_active=max_active, per_minute=per_minute)

    @rule(state=st.sampled_from([Room.State.OPEN, Room.State.PAUSED]))
    def is_paused_or_opened(self, state):
        self.change(state=state)

    @rule(count=st.integers(1, 2))
    def an_operator_lets_some_in(self, count):
        self.room.refresh_from_db()
        ticks.backend().admit(room=self.room, by="Olga", count=count, now=self.now)

    @precondition(lambda self: django_settings.QUEUE_BACKEND == "redis")
    @rule()
    def redis_is_wiped(self):
        before = {fan: self.place_of(fan) for fan in self.tokens}
        get_redis_connection("default").flushdb()
        self.lost = True
        for fan, place in before.items():
            found = rooms.place(**self.of(fan), token=self.tokens[fan])
            if place and place.status == "WAITING":
                assert (found.status, found.number) == ("WAITING", place.number)
            if place and place.is_active:
                assert (found.is_active, found.active_until) == (True, place.active_until)
            if found and found.is_active:
                assert place is None or place.status in (
                    "ACTIVE",
                    "EXPIRED",
                )  # stayed away, not all his time

    # What must hold

    @invariant()
    def nobody_is_in_without_an_admission(self):
        active = {fan: place for fan in FANS if (place := self.place_of(fan)) and place.is_active}
        rows = set(self.room.admissions.values_list("account_id", "number"))
        assert {(fan, place.number) for fan, place in active.items()} <= rows

    @invariant()
    def numbers_are_given_once(self):
        numbers = [place.number for fan in FANS if (place := self.place_of(fan)) and place.status != "EXPIRED"]
        assert len(numbers) == len(set(numbers))

    @invariant()
    def ticks_keep_to_the_limit_and_the_order(self):
        rows = list(
            self.room.admissions.filter(by="tick").order_by("number").values_list("at", "active_after", "limit_then")
        )
        assert all(active <= limit for _, active, limit in rows)
        assert [at for at, _, _ in rows] == sorted(at for at, _, _ in rows)

    @invariant()
    def nobody_is_passed_by_where_nothing_was_lost(self):
        """A number below the highest let in is let in as a return, which the order of the ticks leaves out."""
        assert self.lost or not self.room.admissions.filter(by="return").exists()

    def teardown(self):
        """No slot leaks: once all time has passed and the room is open, nobody is in and nobody waits."""
        if hasattr(self, "room"):
            self.change(state=Room.State.OPEN, max_active=9, per_minute=99)
            for _ in range(40):
                self.now += timedelta(seconds=20)
                self.tick()
            front = rooms.front(concert_id=self.room.concert_id)
            assert (front.waiting, front.active) == (0, 0)

    # Words of the story

    def of(self, fan):
        return {"concert_id": self.room.concert_id, "account_id": fan, "now": self.now}

    def place_of(self, fan):
        return rooms.status(**self.of(fan))[1]

    def change(self, **settings):
        Room.objects.filter(pk=self.room.pk).update(**settings, version=F("version") + 1)

    def tick(self):
        self.room.refresh_from_db()
        let_in = ticks.tick(room=self.room, now=self.now)
        if let_in:
            recent = Admission.objects.filter(room=self.room, at__gt=self.now - MINUTE).count()
            assert recent <= self.room.per_minute


class TestTheWaitingRoom:
    def test_keeps_its_promises_whatever_happens(self):
        run_state_machine_as_test(
            WaitingRoom,
            settings=settings(
                max_examples=25, stateful_step_count=30, deadline=None, derandomize=True, print_blob=True,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
