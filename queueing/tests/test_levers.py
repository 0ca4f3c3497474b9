from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from events import bus
from events.models import OperatorAction
from queueing import levers, mirror, rooms, store
from queueing.models import Room, RoomChanged, WrongState
from queueing.tests.world import OPERATOR, crowd, make_room, place, statuses, tick

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def actions(room):
    return list(OperatorAction.objects.using(bus.home(Room)).filter(target_id=str(room.concert_id)).order_by("id"))


class TestPausing:
    def test_lets_nobody_in_and_keeps_the_places(self):
        room = make_room(max_active=5)
        levers.pause(room, **OPERATOR)
        fans = crowd(room, 2)
        assert tick(room) == []
        assert place(room, fans[1]).number == 2

    def test_ends_when_the_room_opens_again(self):
        room = make_room(max_active=5)
        levers.pause(room, **OPERATOR)
        fans = crowd(room, 2)
        levers.open_room(room, **OPERATOR)
        assert tick(room) == fans

    def test_is_written_down_with_who_and_why(self):
        room = make_room()
        levers.pause(room, operator="Olga", operator_id=uuid4(), reason="the hall is on fire")
        (action,) = actions(room)
        assert (action.operator, action.action, action.reason) == ("Olga", "queue.pause", "the hall is on fire")
        assert (action.before, action.after) == ({"state": "OPEN"}, {"state": "PAUSED"})

    def test_twice_is_refused_and_changes_nothing(self):
        room = make_room()
        levers.pause(room, **OPERATOR)
        with pytest.raises(WrongState):
            levers.pause(room, **OPERATOR)
        assert len(actions(room)) == 1

    def test_by_one_who_looked_before_somebody_else_changed_it_is_refused(self):
        room = make_room()
        levers.set_limits(Room.objects.get(), max_active=7, **OPERATOR)
        with pytest.raises(RoomChanged):
            levers.pause(room, seen=1, **OPERATOR)
        assert Room.objects.get().state == Room.State.OPEN

    def test_without_a_reason_does_not_happen(self):
        room = make_room()
        with pytest.raises(ValidationError):
            levers.pause(room, operator="Olga", reason=" ")
        assert Room.objects.get().state == Room.State.OPEN


class TestClosing:
    def test_keeps_newcomers_out_and_lets_the_active_finish(self):
        room = make_room(max_active=1)
        inside, waiting = crowd(room, 2)
        tick(room)
        levers.close(room, **OPERATOR)
        with pytest.raises(rooms.RoomClosed):
            crowd(room, 1)
        assert statuses(room, [inside, waiting]) == ["ACTIVE", "WAITING"]


class TestTurningOff:
    def test_asks_nobody_for_a_place(self):
        room = make_room(max_active=1)
        _inside, waiting = crowd(room, 2)
        levers.turn_off(room, **OPERATOR)
        assert place(room, waiting).status == "ACTIVE"
        assert rooms.status(concert_id=room.concert_id, account_id=waiting)[0] == "OFF"


class TestScheduling:
    def test_makes_fans_wait_for_the_opening(self):
        room = make_room(Room.State.OFF)
        levers.schedule(room, opens_at=timezone.now() + timedelta(hours=1), **OPERATOR)
        crowd(room, 1)
        assert tick(room) == []
        assert rooms.front(concert_id=room.concert_id).opens_at is not None


class TestLimits:
    def test_hold_from_the_next_tick(self):
        room = make_room(max_active=1)
        fans = crowd(room, 3)
        assert tick(room) == fans[:1]
        levers.set_limits(room, max_active=3, **OPERATOR)
        assert tick(room) == fans[1:]
        assert actions(room)[0].after == {"max_active": 3}

    def test_below_zero_are_refused(self):
        room = make_room()
        with pytest.raises(ValidationError):
            levers.set_limits(room, max_active=-1, **OPERATOR)
        assert Room.objects.get().max_active == 50


class TestTwoOperatorsAtOnce:
    def test_leave_redis_with_the_later_change_whichever_arrives_last(self):
        room = make_room()
        older = Room.objects.get()
        levers.set_limits(room, max_active=7, **OPERATOR)
        mirror.push(older)
        assert store.settings_of(room.concert_id)["max_active"] == "7"


class TestTheAnnouncement:
    def test_is_told_to_anyone(self):
        room = make_room()
        levers.announce(room, announcement="We go on at nine. 곧 시작합니다.", **OPERATOR)
        assert rooms.front(concert_id=room.concert_id).announcement == "We go on at nine. 곧 시작합니다."


class TestTheCommand:
    def run(self, *words):
        out = StringIO()
        call_command("queue", *map(str, words), stdout=out)
        return out.getvalue()

    def test_opens_a_room_that_there_was_none_of(self):
        concert = uuid4()
        assert "OPEN: 0 waiting" in self.run("open", concert, "--reason", "on sale", "--as", "Olga")
        room = Room.objects.get(concert_id=concert)
        assert (room.state, actions(room)[0].operator) == ("OPEN", "Olga")

    def test_pauses_closes_and_turns_off(self):
        room = make_room()
        for verb, state in [("pause", "PAUSED"), ("close", "CLOSED"), ("off", "OFF")]:
            assert state in self.run(verb, room.concert_id, "--reason", "a test", "--as", "Olga")
            assert Room.objects.get().state == state

    def test_changes_limits(self):
        room = make_room()
        self.run("limits", room.concert_id, "--max-active", 3, "--per-minute", 9, "--reason", "r", "--as", "Olga")
        room.refresh_from_db()
        assert (room.max_active, room.per_minute) == (3, 9)

    def test_schedules_the_opening(self):
        room = make_room(Room.State.OFF)
        self.run("schedule", room.concert_id, "--at", "2031-05-01T20:00+09:00", "--reason", "r", "--as", "Olga")
        room.refresh_from_db()
        assert (room.state, room.opens_at.isoformat()) == ("BEFORE_OPENING", "2031-05-01T11:00:00+00:00")

    def test_shows_how_rooms_are_doing(self):
        room = make_room(max_active=2)
        crowd(room, 5)
        tick(room)
        line = self.run("status", room.concert_id)
        assert "OPEN: 3 waiting, 2 of 2 active" in line
        assert line == self.run("status")

    @pytest.mark.parametrize(
        "words",
        [
            ["status", uuid4()],
            ["limits", uuid4(), "--reason", "r", "--as", "Olga"],
            ["limits", uuid4(), "--max-active", "-4", "--reason", "r", "--as", "Olga"],
            ["off", uuid4(), "--reason", "r", "--as", "Olga"],
            ["schedule", uuid4(), "--at", "soon", "--reason", "r", "--as", "Olga"],
            ["open", "not-an-id", "--reason", "r", "--as", "Olga"],
            ["open", uuid4(), "--as", "Olga"],
            ["open", uuid4(), "--reason", " ", "--as", "Olga"],
        ],
        ids=["no room", "no limit", "bad limit", "off already", "bad time", "bad id", "no reason", "empty reason"],
    )
    def test_fails_clearly(self, words):
        with pytest.raises(CommandError):
            self.run(*words)
        assert not Room.objects.exists()
        assert not OperatorAction.objects.using(bus.home(Room)).exists()
