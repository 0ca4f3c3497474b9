"""Databases that crash, are away, or have no connection left."""

import os
from contextlib import contextmanager
from functools import partial

import pytest
from django.conf import settings as deployment
from django.db import connections
from django.utils.timezone import now

from concert_site.invariants import violations
from events.homes import home
from events.models import Delivery
from events.relay import deliver_batch, relay
from reservations import attention, confirmation
from reservations.models import Reservation
from tests.everything import assert_sound, make_due, settle
from tests.faults.points import hit
from tests.faults.servers import away, crash, keeping_what_is_committed
from tests.faults.stories import LATER, Cancellation, Purchase, Refused, let_leases_end
from tests.threads import at_once

POINTS = [3, 7, 11, 15, 19]  # of a purchase: charging, holding, paying, confirming, what comes after
AWAY = ["payments", "queueing", "settlement", "reservations"]


def crashes(connection, commit):
    crash(connection)
    commit()


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="a server of yours is not ours to crash")
class TestADatabaseThatCrashes:
    @pytest.mark.fault("database restarted during each step", holds="M S D1 D2 E O T Q L")
    @pytest.mark.parametrize("story", [Purchase, Cancellation])
    def test_during_any_step_loses_nothing_that_was_answered(self, world, settings, story):
        settings.PUSH_AFTER_COMMIT = False
        tellings = [story(world, seat) for _point, seat in zip(POINTS, world.seats, strict=False)]
        with keeping_what_is_committed(deployment.DATABASES):
            for telling, point in zip(tellings, POINTS, strict=True):
                hit(telling, at=point, blow=crashes)
            connections.close_all()
            let_leases_end()
            settle()
            for telling in tellings:
                telling()
        assert [telling.status for telling in tellings if not telling.has_its_end] == []
        assert_sound()


@pytest.mark.skipif("payments" not in deployment.DATABASES, reason="all domains are in one database")
class TestADomainsDatabase:
    @pytest.mark.fault("a domain's database away for a minute", holds="M S D1 D2 E O T Q L")
    @pytest.mark.parametrize("domain", AWAY)
    def test_that_is_away_for_a_minute_delays_and_loses_nothing(self, world, domain):
        bought, buying = Purchase(world, world.seats[0]), Purchase(world, world.seats[1])
        bought()
        buying.charge()
        buying.hold()

        with away(home(domain)):
            refusal = refused(buying.pay)
            for _second in range(60):
                relay()
                make_due_but(domain)
        assert refusal == (503 if domain == "reservations" else None)

        let_leases_end()
        buying()
        assert (bought.has_its_end, buying.has_its_end) == (True, True)
        assert_sound()

    def test_that_is_away_keeps_nobody_from_hearing_of_a_deadline_that_passed(self, world, settings):
        settings.PUSH_AFTER_COMMIT = False
        reservation = world.held_by(world.alice)
        reservation.submit()
        with away(home("payments")):
            for deadline in (1, 2):
                confirmation.chase(now=now() + deadline * LATER)
            Reservation.objects.update(answer_deadline=now() - LATER)
            confirmation.chase()
            reservation.refresh_from_db()
            assert reservation.attention == "payments has not said whether it took the points"
        assert violations(["L"], pause=0) == {}

    def test_that_is_away_takes_back_nothing_that_was_said_of_what_lies_there(self, world, settings):
        settings.PUSH_AFTER_COMMIT = False
        reservation = world.held_by(world.alice)
        reservation.submit()
        deliver_batch(using=home("reservations"), consumers=["payments"])
        answers = Delivery.objects.using(home("payments")).filter(consumer="confirmation")
        answers.update(state="dead")
        attention.watch()
        reservation.refresh_from_db()
        assert "confirmation has not taken PointsCaptured" in reservation.attention
        with away(home("payments")):
            assert attention.watch() == 0
        answers.update(state="ready")
        assert attention.watch() == 1


def make_due_but(domain):
    """In the databases that are there."""
    make_due([alias for alias in deployment.DATABASES if alias != home(domain)])


class TestAPoolWithoutAConnectionLeft:
    @pytest.fixture
    def small_pools(self, world):
        """Each database has one connection for all threads, and nobody waits long for it."""
        before = {alias: dict(connections[alias].settings_dict) for alias in deployment.DATABASES}
        connections.close_all()
        for alias in deployment.DATABASES:
            there = connections[alias].settings_dict
            there["OPTIONS"] = there["OPTIONS"] | {"pool": {"min_size": 1, "max_size": 1, "timeout": 0.2}}
            there["CONN_MAX_AGE"] = 0
        yield
        for alias, there in before.items():
            connections[alias].close()
            connections[alias].close_pool()
            connections[alias].settings_dict.update(there)

    @pytest.mark.fault("connection pool exhausted", holds="M S D1 D2 E O T Q L")
    def test_refuses_for_now_and_sells_to_all_who_ask_again(self, world, small_pools, settings):
        settings.PUSH_AFTER_COMMIT = False
        buyers = [Purchase(world, seat) for seat in world.seats[:6]]
        connections.close_all()

        with all_connections_taken():
            assert set(at_once(*[partial(refused, buyer.buy) for buyer in buyers])) == {503}
        assert set(at_once(*[partial(refused, buyer.buy) for buyer in buyers])) <= {None, 503}

        settle()
        for buyer in buyers:
            buyer()
        assert [buyer.status for buyer in buyers if not buyer.has_its_end] == []
        assert_sound()


@contextmanager
def all_connections_taken():
    for alias in deployment.DATABASES:
        connections[alias].ensure_connection()
    try:
        yield
    finally:
        connections.close_all()


def refused(step):
    """The status of the refusal, if it is one."""
    try:
        step()
    except Refused as no:
        return no.status
