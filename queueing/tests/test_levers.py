import getpass
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from events import bus
from events.models import OperatorAction
from queueing import levers, rooms
from queueing.backends.redis import mirror, store
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


@pytest.mark.only_redis
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


WHY = ["--reason", "a test", "--as", "Olga"]


def run(*words):
    """What the command says."""
    out = StringIO()
    call_command("queue", *map(str, words), stdout=out)
    return out.getvalue()


class TestTheCommand:
    def test_opens_a_room_that_there_was_none_of(self):
        concert = uuid4()
        assert "OPEN: 0 waiting" in run("open", concert, *WHY)
        room = Room.objects.get(concert_id=concert)
        assert (room.state, actions(room)[0].operator) == ("OPEN", "Olga")

    def test_pauses_resumes_closes_and_turns_off(self):
        room = make_room()
        for verb, state in [("pause", "PAUSED"), ("resume", "OPEN"), ("close", "CLOSED"), ("off", "OFF")]:
            assert state in run(verb, room.concert_id, *WHY)
            assert Room.objects.get().state == state

    def test_changes_limits_and_times(self):
        room = make_room()
        run("limits", room.concert_id, "--max-active", 3, "--per-minute", 9, *WHY)
        run("times", room.concert_id, "--active-seconds", 300, *WHY)
        room.refresh_from_db()
        assert (room.max_active, room.per_minute, room.active_seconds, room.grace_seconds) == (3, 9, 300, 300)

    def test_schedules_the_opening(self):
        room = make_room(Room.State.OFF)
        run("schedule", room.concert_id, "--at", "2031-05-01T20:00+09:00", *WHY)
        room.refresh_from_db()
        assert (room.state, room.opens_at.isoformat()) == ("BEFORE_OPENING", "2031-05-01T11:00:00+00:00")

    def test_announces_and_takes_it_back(self):
        room = make_room()
        for text in ("We go on at nine.", ""):
            run("announce", room.concert_id, text, *WHY)
            assert Room.objects.get().announcement == text

    def test_turns_proof_of_work_on_and_off(self):
        room = make_room()
        for word, asks in [("on", True), ("off", False)]:
            run("proof", room.concert_id, word, *WHY)
            assert Room.objects.get().asks_proof is asks

    def test_lets_the_next_in_beyond_the_limits(self):
        room = make_room(max_active=2)
        crowd(room, 7)
        tick(room)
        said = run("admit", room.concert_id, 3, *WHY)
        assert "Lets in the next 3 of 5 waiting, whatever the limits: active 2 → 5 of 2." in said
        assert "3 let in: numbers 3 to 5." in said and "2 waiting, 5 of 2 active" in said

    def test_lets_an_account_in_by_its_address(self):
        room, fan = make_room(max_active=0), get_user_model().objects.create_user("fan@example.com", name="Fan")
        assert "fan@example.com is in now." in run("bypass", room.concert_id, "--account", "FAN@example.com", *WHY)
        assert rooms.place(concert_id=room.concert_id, account_id=fan.pk).is_active
        assert "fan@example.com is in already." in run("bypass", room.concert_id, "--account", fan.pk, *WHY)

    def test_names_the_systems_user_where_nobody_is_named(self):
        room = make_room()
        run("pause", room.concert_id, "--reason", "a test")
        assert actions(room)[0].operator == getpass.getuser()

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["open"], "Fans are let in by number, at most 50 at once"),
            (["schedule", "--at", "2031-05-01T20:00+09:00"], "the room opens by itself at 2031-05-01 20:00 (KST)"),
            (["limits", "--max-active", 3], "Active at once: 50 → 3."),
            (["times", "--grace-seconds", 60], "Grace time: 300 → 60. Who is in keeps the time that was promised."),
            (["announce", "Soon."], "Everybody who waits reads: “Soon.”"),
            (["proof", "on"], "has his device compute"),
        ],
    )
    def test_says_in_a_dry_run_what_it_would_do_and_does_nothing(self, words, told):
        verb, *others = words
        assert told in run(verb, uuid4(), *others, "--dry-run", *WHY)
        assert not Room.objects.exists()

    @pytest.mark.parametrize(
        "words",
        [
            ["limits", uuid4(), *WHY],
            ["limits", uuid4(), "--max-active", "-4", *WHY],
            ["limits", uuid4(), "--max-active", "-4", "--dry-run", *WHY],
            ["times", uuid4(), "--grace-seconds", "3", *WHY],
            ["times", uuid4(), *WHY],
            ["off", uuid4(), *WHY],
            ["resume", uuid4(), *WHY],
            ["schedule", uuid4(), "--at", "soon", *WHY],
            ["admit", uuid4(), 3, *WHY],
            ["admit", uuid4(), 0, *WHY],
            ["bypass", uuid4(), "--account", uuid4(), *WHY],
            ["announce", uuid4(), "x" * 501, *WHY],
            ["proof", uuid4(), "maybe", *WHY],
            ["open", "not-an-id", *WHY],
            ["open", uuid4(), "--as", "Olga"],
            ["open", uuid4(), "--reason", " ", "--as", "Olga"],
        ],
        ids=lambda words: " ".join(str(word)[:12] for word in words if word not in WHY),
    )
    def test_fails_clearly_and_makes_no_room(self, words):
        with pytest.raises(CommandError):
            run(*words)
        assert not Room.objects.exists()
        assert not OperatorAction.objects.using(bus.home(Room)).exists()

    def test_fails_where_the_room_is_already(self):
        room = make_room(Room.State.PAUSED)
        with pytest.raises(CommandError, match="paused"):
            run("pause", room.concert_id, *WHY)

    @pytest.mark.only_redis
    def test_says_that_redis_is_away(self, settings):
        room = make_room()
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:9/0"}}
        for words in (["status"], ["admit", room.concert_id, 3, *WHY]):
            with pytest.raises(CommandError, match="Redis"):
                run(*words)


class TestTheStatus:
    def test_tells_how_rooms_are_doing(self):
        room = make_room(max_active=2)
        crowd(room, 5)
        tick(room)
        line = run("status", room.concert_id)
        assert "OPEN: 3 waiting, 2 of 2 active" in line
        assert line == run("status")

    def test_tells_again_and_again_when_it_is_watched(self):
        room = make_room()
        assert run("status", room.concert_id, "--watch", 0, "--times", 3).count("OPEN: 0 waiting") == 3

    def test_fails_where_there_is_no_room(self):
        with pytest.raises(CommandError):
            run("status", uuid4())
