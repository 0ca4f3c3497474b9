from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from events import bus
from events.models import OperatorAction
from queueing.models import Room
from queueing.tests.world import crowd, make_room, tick

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture
def olga():
    operator = get_user_model().objects.create_superuser(email="olga@example.com", password="secret")
    client = Client()
    client.force_login(operator)
    return client


def form_of(room, **changes):
    fields = ["state", "max_active", "per_minute", "active_seconds", "longest_seconds", "grace_seconds", "announcement"]
    filled = {name: getattr(room, name) for name in fields} | {"seen": room.version, "reason": "a test"}
    return filled | {"opens_at_0": "", "opens_at_1": ""} | changes


def url_of(page, *args):
    return reverse(f"admin:queueing_{page}", args=args)


def actions():
    return OperatorAction.objects.using(bus.home(Room))


class TestTheRoomPage:
    def test_changes_state_and_limits_through_the_levers(self, olga):
        room = make_room()
        answer = olga.post(
            url_of("room_change", room.pk), form_of(room, state="PAUSED", max_active=9, announcement="Wait.")
        )
        assert answer.status_code == 302
        room.refresh_from_db()
        assert (room.state, room.max_active, room.announcement) == ("PAUSED", 9, "Wait.")
        told = actions().order_by("id").values_list("action", "operator", "reason")
        assert [action for action, _, _ in told] == ["queue.limits", "queue.announce", "queue.pause"]
        assert {(operator, reason) for _, operator, reason in told} == {("olga@example.com", "a test")}

    def test_asks_for_a_reason(self, olga):
        room = make_room()
        answer = olga.post(url_of("room_change", room.pk), form_of(room, state="PAUSED", reason=" "))
        assert (answer.status_code, Room.objects.get().state) == (200, "OPEN")

    def test_refuses_one_who_looked_before_somebody_else_changed_it(self, olga):
        room = make_room()
        before = form_of(room, max_active=9)
        olga.post(url_of("room_change", room.pk), form_of(room, max_active=7))
        answer = olga.post(url_of("room_change", room.pk), before)
        assert (answer.status_code, Room.objects.get().max_active) == (200, 7)

    def test_makes_a_room(self, olga):
        concert = uuid4()
        usual = form_of(Room(), concert_id=concert, state="OPEN", seen="")
        assert olga.post(url_of("room_add"), usual).status_code == 302
        assert Room.objects.get(concert_id=concert).state == "OPEN"
        assert actions().get().action == "queue.open"

    def test_changes_nothing_when_the_state_can_not_be_reached(self, olga):
        room = make_room(Room.State.CLOSED)
        answer = olga.post(url_of("room_change", room.pk), form_of(room, state="PAUSED", max_active=9))
        assert answer.status_code == 200
        room.refresh_from_db()
        assert (room.state, room.max_active, actions().count()) == ("CLOSED", 50, 0)

    def test_never_deletes(self, olga):
        room = make_room()
        assert olga.post(url_of("room_delete", room.pk), {"post": "yes"}).status_code == 403


class TestTheAdmissionPage:
    def test_is_a_window_only(self, olga):
        room = make_room()
        crowd(room, 1)
        tick(room)
        admission = room.admissions.get()
        assert olga.get(url_of("admission_changelist")).status_code == 200
        assert olga.get(url_of("admission_change", admission.pk)).status_code == 200
        assert olga.post(url_of("admission_change", admission.pk), {"number": 2}).status_code == 403
        assert olga.get(url_of("admission_add")).status_code == 403
