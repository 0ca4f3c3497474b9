from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from queueing import rooms, ticks
from queueing.models import Admission, Room
from queueing.tests.world import START, at, crowd, enter, make_room, place, statuses, tick, use

pytestmark = pytest.mark.django_db(databases="__all__")


class TestATick:
    def test_lets_in_as_many_as_may_be_active_in_order(self):
        room = make_room(max_active=2)
        fans = crowd(room, 4)
        assert tick(room) == fans[:2]
        assert tick(room, now=at(1)) == []
        assert statuses(room, fans) == ["ACTIVE", "ACTIVE", "WAITING", "WAITING"]

    def test_lets_in_no_more_than_the_minute_allows(self):
        room = make_room(max_active=100, per_minute=3)
        fans = crowd(room, 7)
        assert tick(room) == fans[:3]
        assert tick(room, now=at(59)) == []
        assert tick(room, now=at(60)) == fans[3:6]

    def test_counts_the_last_sixty_seconds_and_not_the_calendar_minute(self):
        room = make_room(max_active=100, per_minute=2)
        first = crowd(room, 1)
        tick(room)
        rest = crowd(room, 3, now=at(40))
        assert tick(room, now=at(40)) == rest[:1]
        assert tick(room, now=at(60)) == rest[1:2]
        assert tick(room, now=at(99)) == []
        assert tick(room, now=at(100)) == rest[2:]
        assert first

    def test_gives_each_the_active_time_of_the_room(self):
        room, fan = make_room(active_seconds=90), uuid4()
        enter(room, fan)
        tick(room)
        assert place(room, fan).active_until == at(90)

    def test_moves_those_behind_forward(self):
        room = make_room(max_active=1)
        fans = crowd(room, 3)
        tick(room)
        assert [place(room, fan).ahead for fan in fans] == [0, 0, 1]

    def test_follows_limits_that_change_during_the_sale(self):
        room = make_room(max_active=1)
        fans = crowd(room, 5)
        tick(room)
        Room.objects.filter(pk=room.pk).update(max_active=3, version=2)
        room.refresh_from_db()
        assert tick(room, now=at(1)) == fans[1:3]

    def test_lets_nobody_in_while_more_are_active_than_a_lowered_limit(self):
        room = make_room(max_active=3)
        fans = crowd(room, 5)
        tick(room)
        Room.objects.filter(pk=room.pk).update(max_active=2, version=2)
        room.refresh_from_db()
        use(room, fans[0], 1)
        assert tick(room, now=at(1)) == []
        use(room, fans[1], 2)
        assert tick(room, now=at(2)) == fans[3:4]

    @pytest.mark.parametrize("state", [Room.State.PAUSED, Room.State.CLOSED, Room.State.OFF])
    def test_lets_nobody_in_unless_the_room_is_open(self, state):
        room = make_room(max_active=3)
        fans = crowd(room, 2)
        Room.objects.filter(pk=room.pk).update(state=state, version=2)
        room.refresh_from_db()
        assert tick(room) == []
        assert place(room, fans[0]).status == ("ACTIVE" if state == Room.State.OFF else "WAITING")

    def test_of_all_rooms_opens_those_whose_time_has_come(self):
        due = make_room(Room.State.BEFORE_OPENING, opens_at=timezone.now() - timedelta(seconds=1))
        later = make_room(Room.State.BEFORE_OPENING, opens_at=timezone.now() + timedelta(hours=1))
        fans = [enter(room, now=None).account_id for room in (due, later)]
        ticks.tick_rooms()
        assert statuses(due, fans[:1], now=None) + statuses(later, fans[1:], now=None) == ["ACTIVE", "WAITING"]
        due.refresh_from_db()
        assert (due.state, due.version) == ("OPEN", 2)

    def test_of_all_rooms_leaves_out_those_long_closed(self):
        make_room(Room.State.CLOSED, changed_at=timezone.now() - timedelta(hours=1))
        fresh = make_room(Room.State.CLOSED)
        assert list(Room.objects.ticking()) == [fresh]

    def test_takes_bounded_steps_and_yet_lets_all_in(self):
        room = make_room(max_active=450, per_minute=10_000, active_seconds=60)
        fans = crowd(room, 900)
        assert tick(room) == fans[:450]
        assert tick(room, now=at(60)) == fans[450:]


class TestThePace:
    def test_is_measured_by_the_slots_that_come_back(self):
        room = make_room(max_active=2, active_seconds=1000)
        fans = crowd(room, 30)
        for turn in range(21):  # each stays for 20 s, so every 10 s a slot comes back
            if turn >= 2:
                use(room, fans[turn - 2], turn - 1, now=at(10 * turn))
            tick(room, now=at(10 * turn))
        last = place(room, fans[-1], now=at(201))
        assert last.ahead == 8
        assert last.eta.low < 90 < last.eta.high < 160
        assert place(room, fans[-2], now=at(201)).eta < last.eta

    def test_is_not_known_before_anybody_has_left(self):
        room = make_room(max_active=2)
        fans = crowd(room, 30)
        tick(room)
        assert place(room, fans[-1], now=at(1)).eta is None

    def test_says_nothing_while_the_room_is_paused(self):
        room = make_room(max_active=20)
        Room.objects.filter(pk=room.pk).update(state=Room.State.PAUSED, version=2)
        room.refresh_from_db()
        (fan,) = crowd(room, 1)
        tick(room)
        assert place(room, fan).eta is None


class TestAnAdmission:
    def test_is_a_row_with_the_limit_of_then(self):
        room = make_room(max_active=2)
        fans = crowd(room, 3)
        tick(room)
        rows = Admission.objects.order_by("number")
        assert [(row.number, row.account_id) for row in rows] == [(1, fans[0]), (2, fans[1])]
        assert [(row.active_after, row.limit_then, row.by, row.at) for row in rows] == [
            (1, 2, "tick", at(0)),
            (2, 2, "tick", at(0)),
        ]

    def test_raises_the_serving_number(self):
        room = make_room(max_active=2)
        crowd(room, 3)
        tick(room)
        front = rooms.front(concert_id=room.concert_id)
        assert (front.serving_number, front.waiting, front.active, front.pace_per_minute) == (2, 1, 2, 2)


class TestASlot:
    @pytest.fixture
    def room(self):
        return make_room(max_active=1, active_seconds=60)

    def test_comes_back_when_the_fan_pays(self, room):
        first, second = crowd(room, 2)
        tick(room)
        assert use(room, first, 1)
        assert tick(room, now=at(1)) == [second]
        assert statuses(room, [first]) == ["USED"]

    def test_comes_back_when_the_fan_leaves(self, room):
        first, second = crowd(room, 2)
        tick(room)
        assert rooms.leave(concert_id=room.concert_id, account_id=first)
        assert tick(room, now=at(1)) == [second]
        assert place(room, first) is None

    def test_comes_back_when_the_time_is_over(self, room):
        first, second = crowd(room, 2)
        tick(room)
        assert tick(room, now=at(59)) == []
        assert tick(room, now=at(60)) == [second]
        assert statuses(room, [first], now=at(60)) == ["EXPIRED"]

    def test_never_leaks_however_many_walk_away(self, room):
        fans = crowd(room, 60)
        let_in = []
        for minute in range(60):
            for fan in fans[minute:]:  # who still waits, asks
                place(room, fan, now=at(60 * minute))
            let_in += tick(room, now=at(60 * minute))
        assert let_in == fans

    def test_is_kept_while_a_payment_runs(self, room):
        first, second = crowd(room, 2)
        tick(room)
        keep(room, first, 1, until=at(130), now=at(50))
        assert tick(room, now=at(129)) == []
        assert statuses(room, [first], now=at(129)) == ["ACTIVE"]
        assert tick(room, now=at(130)) == [second]


class TestKeeping:
    @pytest.fixture
    def room(self):
        return make_room(active_seconds=60, longest_seconds=100)

    def test_never_shortens(self, room):
        (fan,) = crowd(room, 1)
        tick(room)
        keep(room, fan, 1, until=at(10))
        assert place(room, fan).active_until == at(60)

    def test_ends_at_the_longest_time(self, room):
        (fan,) = crowd(room, 1)
        tick(room)
        keep(room, fan, 1, until=at(1000), now=at(30))
        keep(room, fan, 1, until=at(2000), now=at(90))
        assert place(room, fan, now=at(90)).active_until == at(100)

    def test_is_refused_under_another_number(self, room):
        (fan,) = crowd(room, 1)
        tick(room)
        assert not keep(room, fan, 2, until=at(90))

    def test_comes_too_late_once_the_time_is_over(self, room):
        (fan,) = crowd(room, 1)
        tick(room)
        assert not keep(room, fan, 1, until=at(90), now=at(60))

    def test_does_nothing_for_one_who_waits(self, room):
        (fan,) = crowd(room, 1)
        assert not keep(room, fan, 1, until=at(90))


class TestUsing:
    def test_happens_once(self):
        room = make_room()
        (fan,) = crowd(room, 1)
        tick(room)
        assert [use(room, fan, 1), use(room, fan, 1)] == [True, False]

    def test_touches_no_other_place_of_the_account(self):
        room = make_room()
        (fan,) = crowd(room, 1)
        tick(room)
        use(room, fan, 1)
        enter(room, fan)
        tick(room, now=at(1))
        assert not use(room, fan, 1, now=at(1))
        assert statuses(room, [fan], now=at(1)) == ["ACTIVE"]

    def test_may_follow_the_end_of_the_active_time(self):
        room = make_room(active_seconds=60)
        (fan,) = crowd(room, 1)
        tick(room)
        tick(room, now=at(60))
        assert use(room, fan, 1, now=at(100))
        assert statuses(room, [fan], now=at(100)) == ["USED"]

    def test_is_refused_to_one_who_waits(self):
        room = make_room()
        (fan,) = crowd(room, 1)
        assert not use(room, fan, 1)
        assert statuses(room, [fan]) == ["WAITING"]


def keep(room, fan, number, *, until, now=START):
    return rooms.keep(concert_id=room.concert_id, account_id=fan, number=number, until=until, now=now)
