"""One id finds everything, also from the command line."""

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from events import bus
from events.models import Delivery, Event
from payments.models import Charge
from reservations import confirmation
from reservations.models import Reservation
from tests.everything import settle
from tests.misbehaving_platform import SECRET, answers, misbehaving


def trace(*arguments):
    out = StringIO()
    call_command("trace", *arguments, stdout=out)
    return out.getvalue()


def dead(reservation):
    rows = Delivery.objects.using(bus.home(Reservation))
    return rows.get(consumer="data-sync", correlation_id=reservation.id, state="dead")


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

    def test_a_reservation_tells_of_its_sync_its_mails_and_what_operators_did(self, world, settings, tmp_path):
        bought = world.bought_by(world.alice)
        with misbehaving(tmp_path) as platform:
            settings.DATA_PLATFORM_URL, settings.DATA_PLATFORM_SECRET = platform.url, SECRET
            platform.fails(answers(422, b"no such concert"))
            settle()
            dead(bought).retry(operator="Olga", reason="they know it now")
            settle()
            confirmation.compensate(bought, operator="Otto", reason="the fan called", seen=bought.revision)
            settle()
        trace_id = Event.objects.using(bus.home(Reservation)).get(type="ReservationSubmitted").traceparent.split("-")[1]
        for told in (trace(str(bought.id), "--details"), trace(trace_id, "--details")):
            for words in (
                "[POST: HTTP 422, failure, ", "HTTP 422: no such concert", "[POST: HTTP 201, success, ",
                "Your seats are booked", "Your reservation is cancelled", "[ReservationConfirmed v3 → email: done, ",
                "“they know it now”  [delivery.retry]  (Olga)", "“the fan called”  [reservation.compensate]  (Otto)",
            ):  # fmt: skip
                assert words in told

    def test_a_trace_is_found_by_an_index_however_long_the_ledger(self, transactional_db):
        using = bus.home(Reservation)
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            plan = Event.objects.using(using).in_trace("0af7651916cd43dd8448eb211c80319c").explain()
        assert "event_trace" in plan

    def test_a_charge_has_a_story_too(self, world):
        charge = Charge.objects.filter(user_id=world.alice.user.id).get()
        assert "PointsCharged" in trace(str(charge.id))

    def test_an_unknown_id_is_said_to_be_one(self, world):
        with pytest.raises(CommandError, match="Nothing is known"):
            trace(str(uuid4()))
