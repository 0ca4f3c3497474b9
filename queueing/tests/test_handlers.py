from uuid import uuid4

import pytest

from events.messages import ReservationConfirmed, ReservationSubmitted
from queueing import handlers, rooms
from queueing.tests.world import at, crowd, enter, make_room, statuses, tick

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
        place = f"{room.concert_id}:1"
        handlers.keep_place(told(ReservationSubmitted, room, first, place=place, pay_deadline=deadline), None)
        kept = rooms.place(concert_id=room.concert_id, account_id=first).active_until
        assert kept == deadline + handlers.ASKED_AGAIN

    def test_listens_under_the_name_of_the_app(self):
        assert handlers.queue_consumer.listens_to("ReservationSubmitted")
        assert handlers.queue_consumer.listens_to("ReservationConfirmed")
        assert handlers.queue_consumer.home == "queueing"
