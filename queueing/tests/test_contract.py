"""What every backend promises, verb by verb, where no other test says it."""

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django_redis import get_redis_connection

from queueing import draw, levers, rooms, ticks
from queueing.backends import backend
from queueing.models import Admission, Inflow, Room
from queueing.tests.world import OPERATOR, START, at, crowd, enter, make_room, place, statuses, tick, use

pytestmark = pytest.mark.django_db(databases="__all__")


def of(room, fan, **more):
    return {"concert_id": room.concert_id, "account_id": fan, **more}


def keep(room, fan, number=1, *, until, now=START):
    return rooms.keep(**of(room, fan), number=number, until=until, now=now)


def give_back(room, fan, number=1, *, now):
    return rooms.give_back(**of(room, fan), number=number, now=now)


def go(room, state):
    """The lever, without its commit."""
    room.refresh_from_db()
    changes = room._draw(to=state, given=backend().given(room))
    Room.objects.filter(pk=room.pk).update(state=state, version=room.version + 1, **changes)
    room.refresh_from_db()


def numbers(room, fans, *, now=START):
    return [place(room, fan, now=now).number for fan in fans]


class TestTheDraw:
    @pytest.fixture
    def room(self):
        return make_room(Room.State.BEFORE_OPENING, max_active=0)

    def test_has_tickets_before_it_and_neither_numbers_nor_people_ahead(self, room):
        fans = crowd(room, 3)
        told = [place(room, fan) for fan in fans]
        assert [(one.ticket, one.number, one.ahead) for one in told] == [
            (1, None, None),
            (2, None, None),
            (3, None, None),
        ]

    def test_gives_each_the_number_that_follows_from_the_seed(self, room):
        fans = crowd(room, 20)
        go(room, Room.State.OPEN)
        tick(room)
        assert numbers(room, fans) == [room.number_of(ticket) for ticket in range(1, 21)]
        assert sorted(numbers(room, fans)) == list(range(1, 21))

    def test_comes_before_the_first_admission(self, room):
        fans = crowd(room, 20)
        go(room, Room.State.OPEN)
        Room.objects.update(max_active=5, version=room.version + 1)
        room.refresh_from_db()
        assert numbers(room, tick(room)) == [1, 2, 3, 4, 5]
        assert statuses(room, fans).count("ACTIVE") == 5

    def test_puts_who_came_after_it_behind_all_of_it_in_order(self, room):
        crowd(room, 9)
        go(room, Room.State.OPEN)
        late = crowd(room, 3)
        tick(room)
        assert numbers(room, late) == [10, 11, 12]
        assert [place(room, fan).ahead for fan in late] == [9, 10, 11]

    def test_leaves_out_who_left_before_it(self, room):
        fans = crowd(room, 6)
        assert rooms.leave(**of(room, fans[2]), now=START)
        go(room, Room.State.OPEN)
        tick(room)
        assert place(room, fans[2]) is None
        assert {*numbers(room, fans[:2] + fans[3:])} == {*range(1, 7)} - {room.number_of(3)}

    def test_of_nobody_leaves_the_numbers_at_one(self, room):
        go(room, Room.State.OPEN)
        tick(room)
        assert (room.draw["first"], room.draw["last"], enter(room).number) == (0, 0, 1)

    def test_of_tickets_that_were_taken_as_it_ended_gives_these_their_own_numbers(self, room):
        fans = crowd(room, 8)
        Room.objects.update(state=Room.State.OPEN, draw_last=6, version=2)
        room.refresh_from_db()
        tick(room)
        assert numbers(room, fans)[6:] == [7, 8]
        assert sorted(numbers(room, fans)[:6]) == list(range(1, 7))

    def test_of_more_than_fit_into_a_step_is_done_in_one_tick(self, room):
        fans = crowd(room, 520)
        go(room, Room.State.OPEN)
        tick(room)
        assert sorted(numbers(room, fans)) == list(range(1, 521))

    def test_of_a_second_time_has_another_seed_and_begins_behind_the_first(self, room):
        first = crowd(room, 4)
        go(room, Room.State.OPEN)
        tick(room)
        seed, before = room.seed, numbers(room, first)
        for state in (Room.State.CLOSED, Room.State.BEFORE_OPENING):
            go(room, state)
        second = crowd(room, 4)
        go(room, Room.State.OPEN)
        tick(room)
        assert room.seed != seed and draw.commitment(room.seed) == room.draw["commitment"]
        assert numbers(room, first) == before
        assert sorted(numbers(room, second)) == [5, 6, 7, 8]


class TestTimeGivenBack:
    @pytest.fixture
    def room(self):
        return make_room(max_active=1, active_seconds=100, longest_seconds=300, grace_seconds=60)

    @pytest.fixture
    def fan(self, room):
        """Has begun to pay after 40 of his 100 seconds."""
        (fan,) = crowd(room, 1)
        tick(room)
        place(room, fan, now=at(40))
        keep(room, fan, until=at(200), now=at(40))
        return fan

    def test_is_what_was_left_when_the_payment_began(self, room, fan):
        assert give_back(room, fan, now=at(130))
        assert place(room, fan, now=at(130)).active_until == at(190)
        assert Admission.objects.get().until == at(190)

    def test_comes_once(self, room, fan):
        assert give_back(room, fan, now=at(130))
        assert not give_back(room, fan, now=at(150))
        assert place(room, fan, now=at(150)).active_until == at(190)

    def test_is_remembered_from_the_first_of_two_keepings(self, room, fan):
        keep(room, fan, until=at(220), now=at(90))
        give_back(room, fan, now=at(130))
        assert place(room, fan, now=at(130)).active_until == at(190)

    def test_comes_again_for_the_next_payment(self, room, fan):
        give_back(room, fan, now=at(130))
        place(room, fan, now=at(150))
        keep(room, fan, until=at(250), now=at(170))
        assert give_back(room, fan, now=at(230))
        assert place(room, fan, now=at(230)).active_until == at(250)

    def test_brings_back_who_was_over_meanwhile_also_above_the_limit(self, room, fan):
        (other,) = crowd(room, 1, now=at(190))
        assert tick(room, now=at(200)) == [other]
        assert give_back(room, fan, now=at(210))
        assert statuses(room, [fan, other], now=at(210)) == ["ACTIVE", "ACTIVE"]
        row = Admission.objects.get(account_id=fan)
        assert (row.until, row.given_back, row.ended_at) == (at(270), True, None)

    def test_ends_at_the_longest_time(self, room, fan):
        keep(room, fan, until=at(290), now=at(80))
        assert give_back(room, fan, now=at(280))
        assert place(room, fan, now=at(280)).active_until == at(300)

    def test_is_none_after_the_longest_time(self, room, fan):
        assert not give_back(room, fan, now=at(300))

    def test_is_none_without_a_payment(self, room):
        (fan,) = crowd(room, 1)
        tick(room)
        assert not give_back(room, fan, now=at(10))

    def test_is_none_under_another_number(self, room, fan):
        assert not give_back(room, fan, 2, now=at(130))

    def test_is_none_after_the_payment_came_through(self, room, fan):
        use(room, fan, 1, now=at(100))
        assert not give_back(room, fan, now=at(130))
        assert statuses(room, [fan], now=at(130)) == ["USED"]

    def test_needs_a_fan_who_is_there_like_any_other(self, room, fan):
        give_back(room, fan, now=at(100))
        for second in range(100, 160, 20):
            tick(room, now=at(second))
        assert statuses(room, [fan], now=at(159)) == ["ACTIVE"]
        assert statuses(room, [fan], now=at(160)) == ["EXPIRED"]


class TestKeeping:
    def test_keeps_also_who_stays_away(self):
        room = make_room(active_seconds=100, grace_seconds=30)
        (fan,) = crowd(room, 1)
        tick(room)
        keep(room, fan, until=at(150), now=at(10))
        for second in range(0, 150, 10):
            tick(room, now=at(second))
        assert statuses(room, [fan], now=at(149)) == ["ACTIVE"]
        assert statuses(room, [fan], now=at(150)) == ["EXPIRED"]


class TestLettingInByHand:
    def admit(self, room, now=START, **whom):
        return [(one.account_id, one.number) for one in backend().admit(room=room, by="Olga", now=now, **whom)]

    def test_lets_the_next_in_beyond_both_limits(self):
        room = make_room(max_active=1, per_minute=1)
        fans = crowd(room, 4)
        tick(room)
        assert self.admit(room, count=2) == [(fans[1], 2), (fans[2], 3)]
        assert statuses(room, fans) == ["ACTIVE", "ACTIVE", "ACTIVE", "WAITING"]
        rows = Admission.objects.filter(by="Olga").order_by("number")
        assert [(row.active_after, row.limit_then) for row in rows] == [(2, 1), (3, 1)]
        assert rooms.front(concert_id=room.concert_id).serving_number == 3

    def test_lets_in_as_many_as_there_are(self):
        room = make_room()
        fans = crowd(room, 2)
        assert self.admit(room, count=10) == [(fans[0], 1), (fans[1], 2)]
        assert self.admit(room, count=10) == []

    def test_counts_towards_the_minute(self):
        room = make_room(per_minute=2)
        fans = crowd(room, 4)
        self.admit(room, count=2)
        assert tick(room, now=at(1)) == []
        assert tick(room, now=at(60)) == fans[2:]

    def test_lets_one_in_who_waits_under_his_number(self):
        room = make_room(max_active=0)
        fans = crowd(room, 3)
        assert self.admit(room, account_id=fans[2]) == [(fans[2], 3)]
        assert place(room, fans[0]).ahead == 0

    def test_lets_one_in_who_was_not_here(self):
        room, guest = make_room(max_active=0), uuid4()
        crowd(room, 3)
        assert self.admit(room, account_id=guest) == [(guest, 4)]
        assert statuses(room, [guest]) == ["ACTIVE"]

    def test_leaves_alone_who_is_in(self):
        room = make_room()
        (fan,) = crowd(room, 1)
        tick(room)
        assert self.admit(room, account_id=fan) == []
        assert Admission.objects.count() == 1

    def test_of_one_does_not_move_the_serving_number(self):
        room = make_room(max_active=1)
        fans = crowd(room, 3)
        self.admit(room, account_id=fans[2])
        use(room, fans[2], 3)
        assert tick(room) == fans[:1]
        assert Admission.objects.get(number=1).by == "tick"

    def test_gives_a_new_number_after_use(self):
        room = make_room()
        (fan,) = crowd(room, 1)
        tick(room)
        use(room, fan, 1)
        assert self.admit(room, account_id=fan) == [(fan, 2)]

    @pytest.mark.parametrize("state", [Room.State.PAUSED, Room.State.CLOSED])
    def test_works_while_ticks_let_nobody_in(self, state):
        room = make_room(state)
        guest = uuid4()
        assert self.admit(room, account_id=guest) == [(guest, 1)]

    @pytest.mark.parametrize("state", [Room.State.OFF, Room.State.BEFORE_OPENING])
    def test_is_refused_where_nobody_can_be_in(self, state):
        room, guest = make_room(state), uuid4()
        assert self.admit(room, account_id=guest) == []
        with pytest.raises(ValidationError):
            levers.bypass(room, account_id=guest, **OPERATOR)


class TestTheDoor:
    def come(self, room, *, now=START, address="203.0.113.7", fan=None):
        """Three at once from one address, and one more every ten seconds."""
        return rooms.enter(**of(room, fan or uuid4()), door=(address, 3, 10), now=now)

    def test_refuses_an_address_that_has_taken_too_many(self):
        room = make_room()
        assert [self.come(room).number for _ in range(3)] == [1, 2, 3]
        with pytest.raises(rooms.TooManyPlaces) as refused:
            self.come(room, now=at(4))
        assert refused.value.retry_after == 6

    def test_lets_one_more_pass_after_a_while_and_all_after_a_long_while(self):
        room = make_room()
        for _ in range(3):
            self.come(room)
        assert self.come(room, now=at(10)).number == 4
        with pytest.raises(rooms.TooManyPlaces):
            self.come(room, now=at(10))
        assert [self.come(room, now=at(40)).number for _ in range(3)] == [5, 6, 7]

    def test_takes_no_number_for_who_is_refused(self):
        room = make_room()
        for _ in range(3):
            self.come(room)
        with pytest.raises(rooms.TooManyPlaces):
            self.come(room)
        assert enter(room).number == 4

    def test_stands_open_for_who_has_a_place(self):
        room, fan = make_room(), uuid4()
        self.come(room, fan=fan)
        for _ in range(2):
            self.come(room)
        assert self.come(room, fan=fan).number == 1

    def test_is_each_address_own_in_each_room(self):
        room, other = make_room(), make_room()
        for _ in range(3):
            self.come(room)
        assert self.come(room, address="203.0.113.8").number == 4
        assert self.come(other).number == 1


class TestTheInflow:
    def tick(self, room, share, now):
        inflow = Inflow(share=share, reason=Inflow.Reason.LATENCY if share < 1 else "")
        return len(ticks.tick(room=room, inflow=inflow, now=now))

    def test_takes_its_share_of_the_pace(self):
        room = make_room(per_minute=10)
        crowd(room, 30)
        assert self.tick(room, 0.4, START) == 4
        assert self.tick(room, 0.4, at(30)) == 0
        assert self.tick(room, 1, at(31)) == 6

    def test_is_told_with_its_reason(self):
        room = make_room(per_minute=10)
        fans = crowd(room, 30)
        self.tick(room, 0.4, START)
        front = rooms.front(concert_id=room.concert_id)
        assert (front.inflow, front.slowed_by, front.delay) == (0.4, "latency", "slowed")
        assert place(room, fans[-1]).delay == "slowed"


class TestTheFront:
    def test_tells_how_many_are_ahead_of_some(self):
        room = make_room(max_active=1)
        fans = crowd(room, 12)
        rooms.leave(**of(room, fans[2]), now=START)
        tick(room)
        line = rooms.front(concert_id=room.concert_id).line
        assert line == [(2, 0), (4, 1), (6, 3), (10, 7), (12, 9)]
        assert [place(room, fans[number - 1]).ahead for number, _ in line] == [ahead for _, ahead in line]

    def test_has_no_line_where_nobody_waits(self):
        room = make_room()
        tick(room)
        assert rooms.front(concert_id=room.concert_id).line == []

    def test_has_a_line_of_one(self):
        room = make_room(max_active=0)
        crowd(room, 1)
        tick(room)
        assert rooms.front(concert_id=room.concert_id).line == [(1, 0)]

    def test_counts_who_waits_for_the_draw(self):
        room = make_room(Room.State.BEFORE_OPENING)
        crowd(room, 3)
        assert rooms.front(concert_id=room.concert_id).waiting == 3

    def test_tells_what_operators_and_the_tick_know(self):
        room = make_room(max_active=3, per_minute=7, announcement="We go on at nine.", asks_proof=False)
        crowd(room, 5)
        backend().tick(room=room, inflow=Inflow(), stock={"R": 3, "S": 0}, now=START)
        front = rooms.front(concert_id=room.concert_id)
        assert (front.state, front.max_active, front.per_minute, front.asks_proof) == ("OPEN", 3, 7, False)
        assert (front.serving_number, front.waiting, front.active, front.pace_per_minute) == (3, 2, 3, 3)
        assert (front.announcement, front.stock, front.sold_out) == ("We go on at nine.", {"R": 3, "S": 0}, False)
        assert (front.inflow, front.slowed_by, front.delay, front.recovering) == (1, "", None, False)

    def test_says_sold_out_when_nothing_is_left(self):
        room = make_room()
        backend().tick(room=room, inflow=Inflow(), stock={"R": 0}, now=START)
        assert rooms.front(concert_id=room.concert_id).sold_out


class TestLeaving:
    def test_of_one_who_is_in_ends_the_admission(self):
        room = make_room(max_active=1)
        first, second = crowd(room, 2)
        tick(room)
        assert rooms.leave(**of(room, first), now=at(5))
        assert Admission.objects.get().ended_at == at(5)
        assert backend().slots(room.concert_id)[1] == {}
        assert tick(room, now=at(6)) == [second]

    def test_of_one_who_waits_moves_those_behind(self):
        room = make_room(max_active=0)
        fans = crowd(room, 3)
        assert rooms.leave(**of(room, fans[0]), now=START)
        assert [place(room, fan).ahead for fan in fans[1:]] == [0, 1]

    def test_without_a_place_is_nothing(self):
        room = make_room()
        assert not rooms.leave(**of(room, uuid4()))

    def test_twice_is_once(self):
        room = make_room()
        (fan,) = crowd(room, 1)
        assert [rooms.leave(**of(room, fan), now=START) for _ in range(2)] == [True, False]


class TestTheSlots:
    def test_are_of_those_who_are_in_and_end_when_they_would(self):
        room = make_room(max_active=2, active_seconds=100, grace_seconds=60)
        fans = crowd(room, 3)
        tick(room)
        keep(room, fans[0], until=at(200), now=at(1))
        assert backend().slots(room.concert_id)[1] == {fans[0]: at(200).timestamp(), fans[1]: at(60).timestamp()}


class TestAClosedRoom:
    @pytest.fixture
    def room(self):
        room = make_room(max_active=1)
        self.inside, self.waiting = crowd(room, 2)
        tick(room)
        go(room, Room.State.CLOSED)
        tick(room)
        return room

    def test_still_lets_who_is_in_find_his_place(self, room):
        again = enter(room, self.inside)
        assert (again.status, again.number, again.is_new) == ("ACTIVE", 1, False)

    def test_gives_who_waits_nothing_but_keeps_his_place(self, room):
        with pytest.raises(rooms.RoomClosed):
            enter(room, self.waiting)
        assert place(room, self.waiting).number == 2

    def test_goes_on_with_the_line_when_it_opens_again(self, room):
        use(room, self.inside, 1)
        go(room, Room.State.OPEN)
        assert tick(room) == [self.waiting]


class TestRecovering:
    def test_is_for_redis_alone(self, queue_backend):
        room = make_room(max_active=0)
        fan = uuid4()
        enter(room, fan)
        get_redis_connection("default").flushdb()
        tick(room)
        assert rooms.front(concert_id=room.concert_id).recovering == (queue_backend == "redis")
        assert (place(room, fan) is not None) == (queue_backend == "database")
