"""One id finds everything, also from the command line."""

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from events import bus
from events.models import Event
from payments.models import Charge
from reservations.models import Reservation
from tests.everything import settle


def trace(*arguments):
    out = StringIO()
    call_command("trace", *arguments, stdout=out)
    return out.getvalue()


class TestTracing:
    def test_a_reservation_tells_its_story_in_every_domain(self, world):
        bought = world.bought_by(world.alice)
        settle()
        told = trace(str(bought.id))
        for words in (
            "HELD → PAYING",
            "PointsCaptured",
            "payment: 100,000 P",
            "sale: 100,000 P",
            "Your seats are booked",
        ):
            assert words in told

    def test_a_trace_id_finds_what_was_done_in_that_trace(self, world):
        world.bought_by(world.alice)
        events = Event.objects.using(bus.home(Reservation))
        trace_id = events.get(type="ReservationSubmitted").traceparent.split("-")[1]
        assert "PointsCaptured" in trace(trace_id)

    def test_a_charge_has_a_story_too(self, world):
        charge = Charge.objects.filter(user_id=world.alice.user.id).get()
        assert "PointsCharged" in trace(str(charge.id))

    def test_an_unknown_id_is_said_to_be_one(self, world):
        with pytest.raises(CommandError, match="Nothing is known"):
            trace(str(uuid4()))
