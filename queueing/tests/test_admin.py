"""Rooms in the console: the list, the page of a room, its levers."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events import bus
from events.models import OperatorAction
from queueing import rooms
from queueing.models import Inflow, Room, RoomMinute
from queueing.tests.world import crowd, make_room, tick
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
QUERIES = 15


class Operator:
    """Somebody at the console, who may do what the permissions say."""

    def __init__(self, email, *permissions, superuser=False):
        users = get_user_model().objects
        make = users.create_superuser if superuser else users.create_user
        self.user = make(email, "secret", name=email, **({} if superuser else {"is_staff": True}))
        self.user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        self.client = Client()
        self.client.force_login(self.user)

    def see(self, page, *args):
        return self.client.get(url_of(page, *args)).content.decode()

    def status(self, page, *args):
        return self.client.get(url_of(page, *args)).status_code

    def post(self, room, verb, *, status=200, **sent):
        answer = self.client.post(url_of("room_lever", room.pk, verb), sent, follow=True)
        assert answer.status_code == status
        return answer.content.decode()

    def look(self, room, verb, **settings):
        return self.post(room, verb, look=1, **settings)

    def pull(self, room, verb, *, seen=None, reason="a test", status=200, **settings):
        seen = json.dumps({str(room.concert_id): seen or Room.objects.get(pk=room.pk).version})
        return self.post(room, verb, reason=reason, seen=seen, status=status, **settings)


@pytest.fixture
def olga():
    return Operator("olga@example.com", superuser=True)


@pytest.fixture
def viewer():
    return Operator("vera@example.com", "view_room")


def url_of(page, *args):
    return reverse(f"admin:queueing_{page}", args=args)


def actions():
    return OperatorAction.objects.using(bus.home(Room))


def state_of(room):
    return Room.objects.get(pk=room.pk).state


def make_minutes(room, n, **figures):
    this_minute = timezone.now().replace(second=0, microsecond=0)
    for ago in range(1, n + 1):
        usual = {"waiting": 1000 + ago, "active": 50, "admitted": 10}
        RoomMinute.objects.create(room=room, at=this_minute - timedelta(minutes=ago), **usual | figures)


class TestTheListOfRooms:
    def test_tells_how_each_was_in_its_last_minute_and_leads_to_its_page(self, olga):
        room = make_room()
        make_minutes(room, 2)
        page = olga.see("room_changelist")
        assert "1,001" in page and "50 / 50" in page and "10 / 600" in page
        assert url_of("room_change", room.pk) in page

    def test_asks_as_little_for_many_rooms_as_for_one(self, olga, django_assert_max_num_queries):
        for _ in range(30):
            make_minutes(make_room(), 1)
        with django_assert_max_num_queries(QUERIES):
            olga.see("room_changelist")


class TestTheRoomsPage:
    def test_tells_how_the_room_is(self, olga):
        room = make_room(max_active=2, announcement="We go on at nine.")
        crowd(room, 1205)
        tick(room)
        page = olga.see("room_live", room.pk)
        for told in ("1,203", "of 2", "We go on at nine.", "Serving number", "Inflow", "Open"):
            assert told in page, told

    def test_is_where_the_console_leads_to(self, olga):
        room = make_room()
        assert "Serving number" in olga.see("room_change", room.pk)

    def test_has_parts_that_can_be_had_alone(self, olga):
        room = make_room()
        part = olga.see("room_parts", room.pk)
        assert "Serving number" in part and "<html" not in part

    @pytest.mark.parametrize("page", ["room_live", "room_parts"])
    def test_asks_little_however_many_rooms_and_minutes_there_are(self, olga, django_assert_max_num_queries, page):
        room, *_others = [make_room() for _ in range(10)]
        make_minutes(room, 60)
        olga.see(page, room.pk)  # the first page of a session writes it down
        with django_assert_max_num_queries(QUERIES):
            olga.see(page, room.pk)

    def test_says_why_fewer_are_let_in_than_allowed(self, olga):
        room = make_room(per_minute=600)
        assert "100 %: the shop keeps up." in olga.see("room_parts", room.pk)
        inflow = {"share": 0.4, "reason": "latency", "slow_percent": 31, "failed_percent": 0}
        Inflow.objects.update_or_create(pk=1, defaults=inflow)
        page = olga.see("room_parts", room.pk)
        assert "40 %: the shop is slow. 240 of 600 a minute; of 100 requests 31 slow, 0 failed." in page

    @pytest.mark.only_redis
    def test_says_what_to_do_while_redis_is_away(self, olga, settings):
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:9/0"}}
        page = olga.see("room_live", make_room().pk)
        assert "is Redis up?" in page and "Bring Redis back" in page and "Let some in now …" not in page

    def test_tells_what_operators_did(self, olga):
        room = make_room()
        olga.pull(room, "pause", reason="the hall is on fire")
        page = olga.see("room_live", room.pk)
        assert "queue.pause" in page and "olga@example.com: the hall is on fire" in page

    def test_loads_again_without_javascript(self, olga):
        assert '<noscript><meta http-equiv="refresh"' in olga.see("room_live", make_room().pk)

    def test_is_closed_to_who_may_not_see_rooms(self):
        stranger, room = Operator("sam@example.com", "view_admission"), make_room()
        assert [stranger.status(page, room.pk) for page in ("room_live", "room_parts")] == [403, 403]

    def test_shows_levers_disabled_to_who_may_only_look(self, viewer):
        page = viewer.see("room_live", make_room().pk)
        assert "needs the permission to change rooms" in page
        assert "Pause …" not in page and ">Pause</span>" in page

    def test_shows_levers_disabled_that_do_not_fit_the_state(self, olga):
        page = olga.see("room_live", make_room(Room.State.PAUSED).pk)
        assert "Resume …" in page and "Pause …" not in page and "Not while the room is “paused”." in page

    def test_is_not_there_for_a_room_that_is_not(self, olga):
        assert olga.status("room_live", 999) == 404

    def test_never_deletes(self, olga):
        assert olga.client.post(url_of("room_delete", make_room().pk), {"post": "yes"}).status_code == 403

    def test_edits_nothing(self, olga):
        room = make_room()
        assert olga.client.post(url_of("room_change", room.pk), {"state": "CLOSED"}).status_code == 403
        assert state_of(room) == "OPEN"


class TestTheChart:
    def test_says_in_words_what_it_draws(self, olga):
        room = make_room()
        make_minutes(room, 60)
        page = olga.see("room_parts", room.pk)
        assert 'role="img" aria-label="Waiting: 1,001 at last; from' in page

    def test_stands_below_as_a_table(self, olga):
        room = make_room()
        make_minutes(room, 60, inflow=0.4)
        page = olga.see("room_parts", room.pk)
        assert page.count('<th scope="row">') == 60 and "<td>1,037</td>" in page and "<td>40 %</td>" in page

    def test_leaves_out_what_is_older(self, olga):
        room = make_room()
        make_minutes(room, 90)
        assert "1,061" not in olga.see("room_parts", room.pk)

    def test_of_a_new_room_is_empty_and_says_so(self, olga):
        assert "nothing was measured from" in olga.see("room_parts", make_room().pk)

    def test_needs_no_styles_that_the_policy_forbids(self, olga):
        room = make_room()
        make_minutes(room, 60)
        page = olga.see("room_live", room.pk)
        assert "style=" not in page and "<style" not in page and "onclick" not in page


class TestALever:
    @pytest.mark.parametrize(
        ("verb", "before", "after"),
        [
            ("open", "OFF", "OPEN"),
            ("open", "BEFORE_OPENING", "OPEN"),
            ("pause", "OPEN", "PAUSED"),
            ("resume", "PAUSED", "OPEN"),
            ("close", "OPEN", "CLOSED"),
            ("off", "CLOSED", "OFF"),
        ],
    )
    def test_moves_the_room(self, olga, verb, before, after):
        room = make_room(before)
        assert "Done: the room is" in olga.pull(room, verb)
        action = actions().get()
        assert (state_of(room), action.operator, action.reason) == (after, "olga@example.com", "a test")

    def test_schedules_the_opening(self, olga):
        room = make_room(Room.State.OFF)
        assert "the room opens by itself at 2031-05-01 20:00 (KST)" in olga.look(
            room, "schedule", opens_at="2031-05-01T20:00"
        )
        olga.pull(room, "schedule", opens_at="2031-05-01T20:00")
        room.refresh_from_db()
        assert (room.state, room.opens_at.isoformat()) == ("BEFORE_OPENING", "2031-05-01T11:00:00+00:00")

    def test_changes_limits_and_times(self, olga):
        room = make_room()
        assert "Active at once 9" in olga.pull(room, "limits", max_active=9, per_minute=600)
        olga.pull(room, "times", active_seconds=300, longest_seconds=900, grace_seconds=60)
        room.refresh_from_db()
        assert (room.max_active, room.per_minute, room.active_seconds, room.grace_seconds) == (9, 600, 300, 60)
        assert actions().last().after == {"max_active": 9}

    def test_announces_and_takes_it_back(self, olga):
        room = make_room()
        assert "Everybody who waits reads: “Soon.”" in olga.look(room, "announce", announcement="Soon.")
        olga.pull(room, "announce", announcement="Soon.")
        assert Room.objects.get().announcement == "Soon."
        olga.pull(room, "announce", announcement="")
        assert Room.objects.get().announcement == ""

    def test_asks_for_proof_of_work_and_stops(self, olga):
        room = make_room()
        olga.pull(room, "proof")
        assert Room.objects.get().asks_proof
        olga.pull(room, "proof")
        assert not Room.objects.get().asks_proof

    def test_tells_first_what_will_happen(self, olga):
        room = make_room(max_active=2)
        crowd(room, 7)
        tick(room)
        page = olga.see("room_lever", room.pk, "pause")
        assert "Nobody is let in until you resume." in page and "Now 5 are waiting and 2 are in." in page
        assert "Nobody is put out, and nobody is let in until 1 have gone." in olga.look(
            room, "limits", max_active=1, per_minute=600
        )
        assert state_of(room) == "OPEN" and not actions().exists()

    def test_asks_for_its_settings_first(self, olga):
        assert "See what will happen" in olga.see("room_lever", make_room().pk, "limits")

    @pytest.mark.parametrize(
        ("verb", "settings", "told"),
        [
            ("limits", {"max_active": -1, "per_minute": 600}, "greater than or equal to 0"),
            ("limits", {"max_active": 50, "per_minute": 600}, "Nothing would change."),
            ("times", {"active_seconds": 0, "longest_seconds": 1, "grace_seconds": 1}, "greater than or equal to"),
            ("admit", {"count": 0}, "greater than or equal to 1"),
            ("bypass", {"account": "nobody@example.com"}, "There is no such account."),
            ("schedule", {"opens_at": "soon"}, "Enter a valid date/time."),
        ],
    )
    def test_refuses_settings_that_can_not_be(self, olga, verb, settings, told):
        room = make_room(Room.State.CLOSED)
        assert told in olga.look(room, verb, **settings)
        assert told in olga.pull(room, verb, **settings)
        assert not actions().exists()

    @pytest.mark.parametrize("reason", ["", "  "])
    def test_needs_a_reason(self, olga, reason):
        room = make_room()
        assert "This field is required." in olga.pull(room, "pause", reason=reason)
        assert state_of(room) == "OPEN"

    @pytest.mark.parametrize("verb", ["pause", "limits", "admit", "bypass", "announce", "proof"])
    def test_needs_the_permission_to_change_rooms(self, viewer, verb):
        room = make_room()
        viewer.pull(room, verb, status=403)
        assert viewer.status("room_lever", room.pk, verb) == 403
        assert not actions().exists()

    def test_may_be_pulled_with_that_permission(self):
        room = make_room()
        Operator("kim@example.com", "view_room", "change_room").pull(room, "pause")
        assert state_of(room) == "PAUSED"

    def test_has_one_effect_when_clicked_twice_and_tells_the_second_who_was_faster(self, olga):
        room, kim = make_room(), Operator("kim@example.com", "view_room", "change_room")
        olga.pull(room, "limits", seen=1, max_active=9, per_minute=600, reason="too slow")
        page = kim.pull(room, "limits", seen=1, max_active=9, per_minute=600)
        assert "has changed since you looked" in page and "olga@example.com: too slow" in page
        assert actions().count() == 1

    def test_has_one_effect_when_two_operators_pull_at_once(self, olga):
        room, kim = make_room(), Operator("kim@example.com", "view_room", "change_room")
        pages = at_once(lambda: olga.pull(room, "pause", seen=1), lambda: kim.pull(room, "pause", seen=1))
        assert sorted("Done: the room is" in page for page in pages) == [False, True]
        assert sum("has changed since you looked" in page for page in pages) == 1
        assert (state_of(room), actions().count()) == ("PAUSED", 1)

    def test_does_nothing_for_a_page_that_was_about_another_room(self, olga):
        room, other = make_room(), make_room()
        seen = json.dumps({str(other.concert_id): 1})
        assert "has changed since you looked" in olga.post(room, "pause", reason="a test", seen=seen)
        assert "This page is damaged" in olga.post(room, "pause", reason="a test", seen="7")
        assert not actions().exists()

    def test_that_does_not_fit_the_state_says_so(self, olga):
        room = make_room(Room.State.CLOSED)
        answer = olga.client.get(url_of("room_lever", room.pk, "pause"), follow=True)
        assert "Not while the room is “closed”." in answer.content.decode()
        assert "can&#x27;t become PAUSED" in olga.pull(room, "pause")

    def test_that_is_none_is_not_found(self, olga):
        assert olga.status("room_lever", make_room().pk, "explode") == 404

    @pytest.mark.only_redis
    def test_on_settings_works_while_redis_is_away(self, olga, settings):
        room = make_room()
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:9/0"}}
        assert "The room can&#x27;t be reached" in olga.see("room_lever", room.pk, "pause")
        olga.pull(room, "pause")
        assert state_of(room) == "PAUSED"


class TestLettingSomeIn:
    def test_tells_how_far_beyond_the_limits_it_goes(self, olga):
        room = make_room(max_active=2)
        crowd(room, 7)
        tick(room)
        page = olga.look(room, "admit", count=3)
        assert "Lets in the next 3 of 5 waiting, whatever the limits: active 2 → 5 of 2." in page

    def test_tells_who_was_let_in(self, olga):
        room = make_room(max_active=2)
        crowd(room, 7)
        tick(room)
        assert "3 let in: numbers 3 to 5." in olga.pull(room, "admit", count=3)
        assert rooms.front(concert_id=room.concert_id).active == 5

    def test_happens_once_when_clicked_twice(self, olga):
        room = make_room(max_active=2)
        crowd(room, 7)
        tick(room)
        olga.pull(room, "admit", seen=1, count=2)
        assert "has changed since you looked" in olga.pull(room, "admit", seen=1, count=2)
        assert rooms.front(concert_id=room.concert_id).active == 4

    def test_says_that_nobody_waits(self, olga):
        room = make_room()
        assert "Nobody is waiting: nobody would come in." in olga.look(room, "admit", count=3)
        assert "Nobody was let in: nobody was waiting." in olga.pull(room, "admit", count=3)

    @pytest.mark.only_redis
    def test_says_what_to_do_when_redis_is_away(self, olga, settings):
        room = make_room()
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:9/0"}}
        assert "is Redis up?" in olga.pull(room, "admit", count=3)


class TestLettingAnAccountIn:
    @pytest.mark.parametrize("by", ["email", "pk"])
    def test_finds_it_by_address_and_by_id(self, olga, by):
        room, fan = make_room(max_active=0), get_user_model().objects.create_user("Fan@example.com", name="Fan")
        account = str(getattr(fan, by))
        page = olga.look(room, "bypass", account=account)
        assert "Lets Fan@example.com in now, before all who wait" in page and "active 0 → 1 of 0" in page
        assert "Fan@example.com is in now." in olga.pull(room, "bypass", account=account)
        assert rooms.place(concert_id=room.concert_id, account_id=fan.pk).is_active


class TestTheAdmissionPage:
    def test_is_a_window_only(self, olga):
        room = make_room()
        crowd(room, 1)
        tick(room)
        admission = room.admissions.get()
        assert olga.status("admission_changelist") == olga.status("admission_change", admission.pk) == 200
        assert olga.client.post(url_of("admission_change", admission.pk), {"number": 2}).status_code == 403
        assert olga.status("admission_add") == 403
