"""Whatever fans, operators, time and losses do, in any order: the promises of invariant Q hold after each step.

Who is looked at is not heard of, so that who stays away lapses. The seeds are fixed: every run tells the same stories.
"""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings as deployment
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

from queueing import levers, rooms, ticks
from queueing.backends import backend
from queueing.backends.redis import store
from queueing.models import Admission, KeptPlace, Room
from queueing.tests.world import OPERATOR, at, make_room

pytestmark = pytest.mark.django_db(databases="__all__")

MINUTE = timedelta(minutes=1)
SIZES = {"redis": {"max_examples": 25}, "database": {"max_examples": 12}}  # about as long, a few seconds

someone = st.integers(0, 10_000)  # of those who are there
seconds = st.sampled_from([1, 4, 14, 16, 31, 61, 130])


class Lines:
    """Who waits (with numbers, once drawn) and who is in, looked up without anybody's heartbeat."""

    def __init__(self, room):
        look = self._in_redis if deployment.QUEUE_BACKEND == "redis" else self._in_postgresql
        self.waiting, self.early, self.inside = look(room)

    def _in_redis(self, room):
        def members(key):
            found = get_redis_connection("default").zrange(
                store.keys_of(room.concert_id)[store.KEYS.index(key)], 0, -1, withscores=True
            )
            return {store.account_of(name.decode()): int(score) for name, score in found}

        return members("waiting"), members("early"), set(members("active"))

    def _in_postgresql(self, room):
        places = KeptPlace.objects.filter(room=room)
        line, early = (dict(found.values_list("account_id", "number")) for found in (places.line(), places.early()))
        return line, early, set(places.inside().values_list("account_id", flat=True))


class WaitingRoom(RuleBasedStateMachine):
    @initialize(early=st.integers(0, 5), max_active=st.integers(1, 3), per_minute=st.integers(1, 6))
    def begin(self, early, max_active, per_minute):
        self.second, self.fans, self.tokens, self.lost = 0, [], {}, False
        self.room = make_room(
            Room.State.BEFORE_OPENING if early else Room.State.OPEN,
            max_active=max_active,
            per_minute=per_minute,
            active_seconds=60,
            longest_seconds=120,
            grace_seconds=30,
        )
        self.come(early)

    # --- Fans

    @rule(count=st.integers(1, 4))
    def come(self, count):
        for _ in range(count):
            fan = uuid4()
            self.fans.append(fan)
            self.see(fan, rooms.enter(**self.of(fan)))

    @rule(which=someone)
    @precondition(lambda self: self.fans)
    def enter_again(self, which):
        fan = self.fan(which)
        self.see(fan, rooms.enter(**self.of(fan), token=self.tokens[fan]))

    @rule(which=someone)
    @precondition(lambda self: self.fans)
    def poll(self, which):
        self.look(self.fan(which))

    @rule()
    @precondition(lambda self: self.fans)
    def poll_all(self):
        for fan in self.fans:
            self.look(fan)

    @rule(which=someone)
    @precondition(lambda self: self.fans)
    def leave(self, which):
        fan = self.fan(which)
        rooms.leave(**self.of(fan))
        del self.tokens[fan]
        self.fans.remove(fan)
        assert rooms.place(**self.of(fan)) is None

    @rule(which=someone)
    @precondition(lambda self: self.inside())
    def pay(self, which):
        fan, number = self.one_inside(which)
        if rooms.use(**self.of(fan), number=number):
            assert self.look(fan).status == "USED"
        assert not rooms.use(**self.of(fan), number=number)

    @rule()
    def come_in_a_crowd(self):
        """More than may be in, at the same moment: what tempts a tick to let in too many, or the wrong ones."""
        self.come(6)
        self.tick(later=0)

    @rule()
    def pay_all_at_once(self):
        """Slots come back faster than the minute allows new ones: what tempts a tick to forget the pace."""
        for fan in self.inside():
            rooms.use(**self.of(fan), number=self.admissions().filter(account_id=fan).latest("number").number)
        self.come_in_a_crowd()

    @rule(which=someone, within=seconds)
    @precondition(lambda self: self.inside())
    def begin_to_pay(self, which, within):
        fan, number = self.one_inside(which)
        if rooms.keep(**self.of(fan), number=number, until=at(self.second + within)):
            latest = self.admissions().get(number=number).at + timedelta(seconds=120)
            assert self.look(fan).active_until <= latest

    @rule(which=someone)
    @precondition(lambda self: self.inside())
    def fail_to_pay(self, which):
        fan, number = self.one_inside(which)
        if rooms.give_back(**self.of(fan), number=number):
            assert self.look(fan).is_active
        assert not rooms.give_back(**self.of(fan), number=number)

    # --- Time

    @rule(later=seconds)
    def stay_away(self, later):
        self.second += later

    @rule()
    def tick_at_once(self):
        self.tick(later=0)

    @rule(later=st.sampled_from([1, 5, 14]))
    def tick(self, later):
        self.second += later
        self.room.refresh_from_db()
        admitted = ticks.tick(room=self.room, now=self.now)
        self.room.refresh_from_db()
        assert self.room.state == Room.State.OPEN or not admitted
        self.check_turn(admitted)
        self.check_pace(admitted)
        self.check_zeal()

    # --- Operators

    @rule(max_active=st.integers(0, 4), per_minute=st.integers(0, 6))
    def limit(self, max_active, per_minute):
        self.pull(levers.set_limits, max_active=max_active, per_minute=per_minute)

    @rule()
    @precondition(lambda self: self.room.state == Room.State.OPEN)
    def pause(self):
        self.pull(levers.pause)

    @rule()
    @precondition(lambda self: self.room.state != Room.State.OPEN)
    def open(self):
        self.pull(levers.open_room)

    @rule(count=st.integers(1, 3))
    def admit(self, count):
        first = sorted(Lines(self.room).waiting.values())[:count]
        admitted = backend().admit(room=self.room, by="Olga", count=count, now=self.now)
        assert [one.number for one in admitted] == ([] if self.room.state == Room.State.BEFORE_OPENING else first)

    @rule(which=someone)
    @precondition(lambda self: self.fans)
    def let_one_in(self, which):
        backend().admit(room=self.room, by="Olga", account_id=self.fan(which), now=self.now)

    # --- Losses

    @rule()
    @precondition(lambda self: deployment.QUEUE_BACKEND == "redis" and self.fans)
    def wipe(self):
        """Redis forgets everything; everybody shows his token again."""
        before = {fan: self.look(fan) for fan in self.fans}
        get_redis_connection("default").flushdb()
        self.lost = True
        assert all(rooms.place(**self.of(uuid4()), token=token) is None for token in self.tokens.values())
        after = {fan: self.look(fan) for fan in self.fans}
        self.room.refresh_from_db()
        for fan, place in before.items():
            assert told(after[fan]) == self.drawn(told(place)) or has_lapsed(place)

    # --- What must hold

    @invariant()
    @precondition(lambda self: hasattr(self, "room"))
    def nobody_has_two_places(self):
        lines = Lines(self.room)
        found = [*lines.waiting, *lines.early, *lines.inside]
        assert len(set(found)) == len(found)
        assert set(found) <= set(self.fans)
        assert not self.admissions().filter(number__in=lines.waiting.values()).exists()

    @invariant()
    @precondition(lambda self: hasattr(self, "room"))
    def nobody_is_in_without_an_admission(self):
        let_in = set(self.admissions().values_list("account_id", flat=True))
        assert Lines(self.room).inside <= let_in

    @invariant()
    @precondition(lambda self: hasattr(self, "room"))
    def ticks_kept_to_the_limit_and_to_the_order(self):
        rows = list(self.admissions().filter(by="tick").order_by("at", "number"))
        assert all(row.active_after <= row.limit_then for row in rows)
        assert [row.number for row in rows] == sorted(row.number for row in rows)
        assert self.lost or not self.admissions().filter(by="return").exists()

    def check_turn(self, admitted):
        """Those let in had been first."""
        still = Lines(self.room).waiting.values()
        assert not admitted or not still or max(one.number for one in admitted) < min(still)

    def check_pace(self, admitted):
        """Nobody was let in beyond the minute's allowance, which counts also those whom operators let in."""
        lately = self.admissions().filter(at__gt=self.now - MINUTE).count()
        assert not admitted or lately <= self.room.per_minute

    def check_zeal(self):
        """Nobody waits while he may come in."""
        lines = Lines(self.room)
        lately = self.admissions().filter(at__gt=self.now - MINUTE).count()
        free = min(self.room.max_active - len(lines.inside), self.room.per_minute - lately)
        assert self.lost or self.room.state != Room.State.OPEN or free <= 0 or not lines.waiting

    def teardown(self):
        """When all stay away for long enough, no slot and no place is left over."""
        if not hasattr(self, "room"):
            return
        for _ in range(20):
            self.tick(later=14)
        lines = Lines(self.room)
        assert (lines.waiting, lines.early, lines.inside) == ({}, {}, set())

    # --- Who acts

    @property
    def now(self):
        return at(self.second)

    def of(self, fan):
        return {"concert_id": self.room.concert_id, "account_id": fan, "now": self.now}

    def fan(self, which):
        return self.fans[which % len(self.fans)]

    def inside(self):
        return sorted(Lines(self.room).inside)

    def one_inside(self, which):
        inside = self.inside()
        fan = inside[which % len(inside)]
        return fan, self.admissions().filter(account_id=fan).latest("number").number

    def look(self, fan):
        return self.see(fan, rooms.place(**self.of(fan), token=self.tokens[fan]))

    def see(self, fan, place):
        """The fan keeps the last token that he was given."""
        self.tokens[fan] = place and place.token or self.tokens.get(fan, "")
        return place

    def pull(self, lever, **how):
        self.room.refresh_from_db()
        lever(self.room, **how, **OPERATOR)
        backend().follow(self.room)
        self.room.refresh_from_db()

    def drawn(self, held):
        """A ticket shown after the opening is worth its number, also where no tick has come by in between."""
        if held and held[2] and self.room.draw_last is not None:
            return ("WAITING", self.room.number_of(held[2]), None, None)
        return held

    def admissions(self):
        return Admission.objects.filter(room=self.room)


def has_lapsed(place):
    """He stayed away, which a loss forgets: he may come back where he was."""
    return place is None or place.status == "EXPIRED"


def told(place):
    """What a fan holds; nothing where there is no place that could be lost."""
    if place is None or place.status not in ("WAITING", "ACTIVE"):
        return None
    return place.status, place.number, place.ticket, place.active_until


class TestTheWaitingRoom:
    def test_keeps_its_promises_whatever_happens(self, queue_backend):
        run_state_machine_as_test(
            WaitingRoom,
            settings=settings(
                deadline=None,
                derandomize=True,
                stateful_step_count=30,
                print_blob=True,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
                **SIZES[queue_backend],
            ),
        )
