"""The gate where the waiting room is another deployment: it believes the signed pass, and nothing else it can see."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from queueing import passes
from queueing.models import Room
from reservations.models import Reservation


@pytest.fixture(autouse=True)
def apart(settings):
    """The box office can't see the room, and the room can't see the box office."""
    settings.ELSEWHERE = ["queueing", "reservations"]


def show(fan, concert, **fields):
    fan.tokens[str(concert.id)] = passes.issue(account_id=fan.user.id, concert_id=concert.id, **fields)


def held(fan, world, seat=0):
    answer = fan.hold(world.performance, world.seats[seat])
    return answer.json().get("code", answer.status_code)


class TestAPassAlone:
    def test_opens_the_gate_until_its_end(self, world):
        show(world.alice, world.concert, number=1, active_until=now() + timedelta(minutes=1))
        assert held(world.alice, world) == 201
        show(world.bob, world.concert, number=2, active_until=now() - timedelta(seconds=1))
        assert held(world.bob, world, seat=1) == "queue_token_not_active"

    def test_of_one_who_waits_or_has_a_ticket_for_the_draw_opens_nothing(self, world):
        show(world.alice, world.concert, number=1)
        assert held(world.alice, world) == "queue_token_not_active"
        show(world.alice, world.concert, number=0, ticket=5)
        assert held(world.alice, world) == "queue_token_not_active"

    def test_is_of_no_use_to_another(self, world):
        show(world.alice, world.concert, number=1, active_until=now() + timedelta(minutes=1))
        world.bob.tokens = world.alice.tokens
        assert held(world.bob, world) == "queue_token_invalid"

    def test_is_used_up_by_a_purchase(self, world):
        show(world.alice, world.concert, number=1, active_until=now() + timedelta(minutes=1))
        held(world.alice, world)
        world.alice.pay(Reservation.objects.get().id, world.concert)
        assert held(world.alice, world, seat=1) == "queue_token_not_active"


class TestARoomThatIsOff:
    def test_signs_a_pass_without_a_place(self, world):
        Room.objects.update(state=Room.State.OFF, version=99)
        assert world.alice.enter(world.concert).json()["number"] is None
        assert held(world.alice, world) == 201
        assert Reservation.objects.get().place == ""

    def test_and_is_put_on_later_gives_nobody_a_place_for_that_pass(self, world):
        show(world.alice, world.concert, number=0, active_until=now() + timedelta(minutes=1))
        assert (
            world.alice.call("get", f"/waiting-rooms/{world.concert.id}/place", concert=world.concert).status_code
            == 404
        )
