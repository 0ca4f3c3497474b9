from datetime import timedelta
from uuid import uuid4

import pytest

from events.messages import ReservationConfirmed, ReservationFailed, ReservationSubmitted
from queueing import handlers, rooms
from queueing.models import Admission
from queueing.tests.world import at, crowd, enter, make_room, place, statuses, tick

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def room():
    return make_room(max_active=1)


def told(message_type, room, fan, *, place, **more):
    return message_type(
        reservation_id=uuid4(),
        user_id=fan,
        concert_id=room.concert_id,
        performance_id=uuid4(),
        amount=100,
        place=place,
        **more,
    )


def confirmed(room, fan, number):
    return told(ReservationConfirmed, room, fan, place=f"{room.concert_id}:{number}", confirmed_at=at(0))


class TestAConfirmedReservation:
    def test_uses_the_place_up_and_frees_the_slot(self, room):
        first, second = crowd(room, 2)
        tick(room)
        handlers.use_place(confirmed(room, first, 1), None)
        assert statuses(room, [first]) == ["USED"]
        assert tick(room, now=at(1)) == [second]

    def test_told_twice_has_one_effect_also_after_entering_again(self, room):
        (fan,) = crowd(room, 1)
        tick(room)
        handlers.use_place(confirmed(room, fan, 1), None)
        enter(room, fan)
        handlers.use_place(confirmed(room, fan, 1), None)
        assert statuses(room, [fan]) == ["WAITING"]

    def test_made_while_the_room_was_off_touches_no_place(self, room):
        (fan,) = crowd(room, 1)
        tick(room)
        handlers.use_place(told(ReservationConfirmed, room, fan, place="", confirmed_at=at(0)), None)
        assert statuses(room, [fan]) == ["ACTIVE"]

    def test_of_another_fan_touches_no_place(self, room):
        (fan,) = crowd(room, 1)
        tick(room)
        handlers.use_place(confirmed(room, uuid4(), 1), None)
        assert statuses(room, [fan]) == ["ACTIVE"]


class TestASubmittedReservation:
    def test_keeps_the_slot_until_its_payment_is_decided(self):
        room = make_room(max_active=1, active_seconds=1, longest_seconds=1800)
        first, second = crowd(room, 2, now=None)
        tick(room, now=None)
        deadline = rooms.place(concert_id=room.concert_id, account_id=first).active_until
        key = f"{room.concert_id}:1"
        handlers.keep_place(told(ReservationSubmitted, room, first, place=key, pay_deadline=deadline), None)
        kept = rooms.place(concert_id=room.concert_id, account_id=first).active_until
        assert kept == deadline + handlers.ASKED_AGAIN


class TestAFailedReservation:
    def test_gives_the_fan_what_was_left_of_his_time_and_not_the_end_of_the_line(self):
        room = make_room(active_seconds=600)
        (fan,) = crowd(room, 1)
        tick(room)
        keep(room, fan, until=at(500 + 300), now=at(500))  # he pays with 100 seconds left
        failed(room, fan, now=at(700))
        assert place(room, fan, now=at(700)).active_until == at(800)
        assert statuses(room, [fan], now=at(799)) == ["ACTIVE"]
        tick(room, now=at(800))
        assert statuses(room, [fan], now=at(800)) == ["EXPIRED"]

    def test_told_twice_gives_once(self):
        room = make_room(active_seconds=600)
        (fan,) = crowd(room, 1)
        tick(room)
        keep(room, fan, until=at(800), now=at(500))
        assert [failed(room, fan, now=at(700)), failed(room, fan, now=at(750))] == [True, False]
        assert place(room, fan, now=at(750)).active_until == at(800)

    def test_gives_the_slot_back_although_it_was_given_up_meanwhile(self):
        room = make_room(max_active=1, active_seconds=600)
        first, second = crowd(room, 2)
        tick(room)
        keep(room, first, until=at(600), now=at(500))
        place(room, second, now=at(550))
        assert tick(room, now=at(600)) == [second]
        assert failed(room, first, now=at(601))
        assert statuses(room, [first, second], now=at(601)) == ["ACTIVE", "ACTIVE"]
        assert Admission.objects.get(account_id=first).given_back

    def test_is_heard_by_the_consumer(self):
        room = make_room()
        (fan,) = crowd(room, 1, now=None)
        tick(room, now=None)
        deadline = rooms.place(concert_id=room.concert_id, account_id=fan).active_until
        key = f"{room.concert_id}:1"
        handlers.keep_place(told(ReservationSubmitted, room, fan, place=key, pay_deadline=deadline), None)
        handlers.give_time_back(told(ReservationFailed, room, fan, place=key, reason="insufficient_points"), None)
        again = rooms.place(concert_id=room.concert_id, account_id=fan)
        assert again.is_active
        assert again.active_until <= deadline + timedelta(seconds=2)


class TestTheConsumer:
    def test_listens_under_the_name_of_the_app(self):
        assert handlers.queue_consumer.listens_to("ReservationSubmitted")
        assert handlers.queue_consumer.listens_to("ReservationConfirmed")
        assert handlers.queue_consumer.home == "queueing"


def keep(room, fan, *, until, now):
    return rooms.keep(concert_id=room.concert_id, account_id=fan, number=1, until=until, now=now)


def failed(room, fan, *, now):
    return rooms.give_back(concert_id=room.concert_id, account_id=fan, number=1, now=now)
