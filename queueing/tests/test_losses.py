"""What is left when a process dies in between, or Redis forgets."""

from uuid import uuid4

import pytest
from django_redis import get_redis_connection

from queueing import levers, rooms, ticks
from queueing.backends import redis as backend
from queueing.backends.redis import mirror, store
from queueing.models import Admission, Room
from queueing.tests.world import OPERATOR, START, at, crowd, enter, make_room, place, tick, use

pytestmark = [pytest.mark.only_redis, pytest.mark.django_db(databases="__all__")]


@pytest.fixture
def redis():
    return get_redis_connection("default")


def admit_and_die(room, *, now=START):
    """A tick that ends after its step in Redis."""
    mirror.ask("tick", concert_id=room.concert_id, args=(room.version, 1, "", ""), now=now)


def put_back(room, entries):
    """As if the rows had been written and the entries not yet struck off."""
    journal = store.keys_of(room.concert_id)[store.KEYS.index("journal")]
    get_redis_connection("default").zadd(journal, dict.fromkeys(entries, 1))


class TestATickerThatDies:
    def test_after_admitting_leaves_the_row_to_the_next_tick(self):
        room = make_room(max_active=2)
        fans = crowd(room, 3)
        admit_and_die(room)
        assert not Admission.objects.exists()
        assert tick(room, now=at(1)) == []
        assert [row.account_id for row in Admission.objects.order_by("number")] == fans[:2]

    def test_after_writing_the_rows_leaves_no_second_ones(self):
        room = make_room(max_active=2)
        crowd(room, 3)
        admit_and_die(room)
        entries = store.journal(room.concert_id)
        backend._write_down(room)
        put_back(room, entries)
        tick(room, now=at(1))
        assert Admission.objects.count() == 2
        assert store.journal(room.concert_id) == []

    def test_before_the_room_is_closed_has_its_row_written_all_the_same(self):
        room = make_room(max_active=2)
        crowd(room, 1)
        admit_and_die(room)
        Room.objects.update(state=Room.State.CLOSED, version=2)
        ticks.tick_rooms()
        assert Admission.objects.count() == 1


class TestALeverWhoseAnswerIsLost:
    @pytest.mark.parametrize("count", [1, 2])
    def test_lets_nobody_more_in_when_it_is_pulled_again(self, count):
        room = make_room(max_active=0)
        fans = crowd(room, 5)
        pulled = [mirror.ask("admit", concert_id=room.concert_id, args=("", "Olga", count, "a call")) for _ in range(2)]
        assert pulled[0] == pulled[1] and len(pulled[0]) == 1 + count
        tick(room)  # which writes them down
        assert [row.account_id for row in Admission.objects.order_by("number")] == fans[:count]


class TestADrawThatDiesHalfway:
    def test_is_finished_before_the_room_is_scheduled_again(self):
        room = make_room(Room.State.BEFORE_OPENING, seed="0" * 64)
        fans = crowd(room, 6, now=None)
        levers.open_room(room, **OPERATOR)
        numbers = [room.number_of(ticket) for ticket in range(1, 7)]
        assert set(numbers[:3]) & {4, 5, 6}  # a ticket of the others would be a number that is given already
        _draw, line = mirror.ask("tick", concert_id=room.concert_id, args=(room.version, 1, "", ""))
        backend._draw(room, line[: 2 * 3], now=None)  # and here it dies
        levers.close(room, **OPERATOR)
        levers.schedule(room, opens_at=None, **OPERATOR)
        assert [place(room, fan, now=None).number for fan in fans] == numbers


class TestAWipedRedis:
    def test_gives_no_number_twice(self, redis):
        room = make_room()
        before = [enter(room).number for _ in range(5)]
        redis.flushdb()
        after = [enter(room).number for _ in range(5)]
        assert before == [1, 2, 3, 4, 5]
        assert min(after) > max(before)
        assert after == list(range(after[0], after[0] + 5))

    def test_gives_no_number_twice_however_often(self, redis):
        room, given = make_room(), []
        for _ in range(5):
            given += [enter(room).number for _ in range(3)]
            tick(room)
            redis.flushdb()
        assert len(set(given)) == len(given)
        assert given == sorted(given)

    def test_keeps_who_was_in(self, redis):
        room, fan = make_room(), uuid4()
        enter(room, fan)
        tick(room)
        before = place(room, fan)
        redis.flushdb()
        after = place(room, fan)
        assert (after.status, after.number, after.active_until) == ("ACTIVE", 1, before.active_until)

    def test_lets_no_more_in_than_the_minute_allows(self, redis):
        room = make_room(per_minute=2)
        fans = crowd(room, 2)
        tick(room)
        redis.flushdb()
        late = crowd(room, 2, now=at(1))
        assert tick(room, now=at(40)) == []
        place(room, late[0], now=at(59))
        assert tick(room, now=at(60)) == late
        assert fans

    def test_has_the_settings_again_at_once(self, redis):
        room = make_room(Room.State.PAUSED)
        crowd(room, 1)
        redis.flushdb()
        crowd(room, 1)
        assert tick(room) == []


class TestAfterALoss:
    @pytest.fixture
    def room(self):
        return make_room(max_active=1)

    def test_nobody_is_let_in_until_all_who_wait_had_time_to_come_back(self, room, redis):
        _in, first, second = [(fan, enter(room, fan)) for fan in [uuid4() for _ in range(3)]]
        tick(room)
        rooms.leave(concert_id=room.concert_id, account_id=_in[0], now=START)
        redis.flushdb()
        newcomer = enter(room, now=at(1))
        assert tick(room, now=at(2)) == []
        assert newcomer.delay == "recovering"
        assert back(room, second, now=at(3)).number == 3
        assert back(room, first, now=at(4)).number == 2
        assert tick(room, now=at(20)) == [first[0]]

    def test_who_comes_back_later_still_stands_where_his_number_says(self, room, redis):
        first, second = [(fan, enter(room, fan)) for fan in [uuid4() for _ in range(2)]]
        redis.flushdb()
        back(room, second)
        assert tick(room, now=at(20)) == [second[0]]
        assert back(room, first, now=at(21)).ahead == 0
        use(room, second[0], 2, now=at(22))
        assert tick(room, now=at(23)) == [first[0]]
        assert list(Admission.objects.order_by("at").values_list("number", "by")) == [(2, "tick"), (1, "return")]

    def test_a_draw_ticket_brings_its_place_back_also_when_the_draw_was_meanwhile(self, redis):
        room, fan = make_room(Room.State.BEFORE_OPENING), uuid4()
        ticket = enter(room, fan)
        levers.open_room(room, **OPERATOR)
        redis.flushdb()
        again = back(room, (fan, ticket))
        assert (again.number, again.ticket) == (1, None)

    def test_a_restart_that_forgot_the_last_places_lets_them_come_back_too(self, room, redis):
        fan = uuid4()
        lost = enter(room, fan)
        redis.zrem(store.keys_of(room.concert_id)[store.KEYS.index("waiting")], store.name_of(fan))
        redis.hset(store.keys_of(room.concert_id)[0], "run_id", "of the life before")
        redis.script_flush()
        assert back(room, (fan, lost)).number == lost.number

    def test_somebody_elses_token_brings_nothing_back(self, room, redis):
        lost = enter(room)
        redis.flushdb()
        assert back(room, (uuid4(), lost)) is None

    def test_the_token_of_one_who_has_bought_brings_no_second_turn(self, room, redis):
        fan = uuid4()
        waiting = enter(room, fan)
        tick(room)
        use(room, fan, 1)
        redis.flushdb()
        assert back(room, (fan, waiting), now=at(1)) is None


class TestARestartedRedis:
    """It has lost its scripts, and perhaps the last second of what it was told."""

    def test_goes_on(self, redis):
        room = make_room(max_active=2)
        fans = crowd(room, 2)
        redis.script_flush()
        assert tick(room) == fans

    def test_gives_no_number_twice_although_it_has_forgotten_the_last_ones(self, redis):
        room = make_room()
        lost = [enter(room).number for _ in range(5)]
        settings = store.keys_of(room.concert_id)[0]
        redis.hset(settings, mapping={"counter": 2, "run_id": "of the life before"})
        redis.script_flush()
        assert enter(room).number > max(lost)

    def test_that_only_met_new_scripts_skips_no_number(self, redis):
        room = make_room()
        enter(room)
        redis.script_flush()
        assert enter(room).number == 2


class TestNumbers:
    def test_never_pass_the_high_water_in_postgresql(self):
        room = make_room()
        number = enter(room).number
        room.refresh_from_db()
        assert number <= room.high_water == Room.BLOCK

    def test_are_claimed_anew_before_they_run_out(self, redis):
        room = make_room()
        enter(room)
        redis.hset(store.keys_of(room.concert_id)[0], "counter", Room.BLOCK - 10)
        tick(room)
        room.refresh_from_db()
        assert room.high_water == 2 * Room.BLOCK

    def test_go_on_without_a_gap_when_no_tick_came_in_time(self, redis):
        room = make_room()
        enter(room)
        redis.hset(store.keys_of(room.concert_id)[0], "counter", Room.BLOCK - 1)
        assert [enter(room).number for _ in range(3)] == [Room.BLOCK, Room.BLOCK + 1, Room.BLOCK + 2]

    def test_go_on_although_the_process_that_claimed_the_next_ones_has_died(self, redis):
        room = make_room()
        enter(room)
        redis.hset(store.keys_of(room.concert_id)[0], "counter", Room.BLOCK)
        assert Room.claim_block(room.concert_id, above=Room.BLOCK)
        assert enter(room).number > 2 * Room.BLOCK


class TestAMirrorThatIsOlderThanTheRow:
    def test_is_renewed_by_the_next_tick(self):
        room = make_room(max_active=5)
        crowd(room, 5)
        Room.objects.update(max_active=1, version=2)
        room.refresh_from_db()
        assert len(tick(room)) == 1

    def test_of_no_room_is_replaced_when_there_is_one(self):
        concert = uuid4()
        nobody = Room(concert_id=concert)
        assert enter(nobody).number is None
        room = Room.objects.create(concert_id=concert, state=Room.State.OPEN)
        tick(room)
        assert enter(room).number == 1
        assert get_redis_connection("default").ttl(store.keys_of(concert)[0]) == -1


def back(room, fan_and_place, *, now=START):
    """The place of a fan who asks with the queue token that he has."""
    fan, earlier = fan_and_place
    return rooms.place(concert_id=room.concert_id, account_id=fan, token=earlier.token, now=now)
