"""The rooms let in what the shop can take."""

import os
import signal
from contextlib import contextmanager
from copy import copy
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.utils.timezone import now
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from events import bus
from queueing import pressure
from queueing.middleware import ShopLoadMiddleware
from queueing.models import Inflow, Load, RoomMinute, ShopLoad
from queueing.outlook import allowed
from queueing.tally import Tally
from queueing.tasks import prune
from queueing.tests.world import at, make_room
from tests.processes import died, forked
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

LATENCY, ERRORS, NONE = Inflow.Reason.LATENCY, Inflow.Reason.ERRORS, Inflow.Reason.NONE
shares = st.floats(pressure.FLOOR, 1)
moments = st.tuples(st.booleans(), st.booleans(), st.booleans(), st.floats(0, 3600))


@pytest.fixture(autouse=True)
def inflow(settings):
    """As it was last looked at one second before the start."""
    settings.QUEUE_MEASURED_PATHS = settings.PURCHASE_PATHS
    Inflow.objects.create(pk=1, looked_at=at(-1))


def load(requests, *, slow=0, failed=0, seconds=0):
    ShopLoad.objects.create(at=at(seconds), requests=requests, slow=slow, failed=failed)


def look(seconds=0):
    return pressure.look(now=at(seconds))


def stands_at(share, *, reason=LATENCY, seconds=0):
    Inflow.objects.update(share=share, reason=reason, looked_at=at(seconds))


def next_share(share, moment):
    trouble, enough, patient, seconds = moment
    return pressure.step(share, trouble=trouble, enough=enough, patient=patient, seconds=seconds)


class TestTheShare:
    @given(shares, st.lists(moments))
    def test_is_never_below_the_floor_nor_above_one(self, share, story):
        for moment in story:
            share = next_share(share, moment)
            assert pressure.FLOOR <= share <= 1

    @given(shares)
    def test_recovers_in_twenty_good_seconds_from_wherever_it_was(self, share):
        for _ in range(20):
            share = next_share(share, (False, True, True, 1))
        assert share == pytest.approx(1)

    @given(shares, st.booleans(), st.floats(0, 3600))
    def test_never_rises_in_trouble(self, share, enough, seconds):
        assert next_share(share, (True, enough, True, seconds)) <= share

    @given(shares, st.floats(0.5, 5), st.integers(1, 10))
    def test_recovers_as_far_however_often_one_looks(self, share, seconds, times):
        often = share
        for _ in range(times):
            often = next_share(often, (False, True, True, seconds / times))
        assert often == pytest.approx(next_share(share, (False, True, True, seconds)))

    @given(st.integers(0, 100_000), shares)
    def test_has_the_operators_limit_for_its_ceiling_and_closes_no_room(self, per_minute, share):
        let_in = allowed(per_minute, share=share)
        assert min(1, per_minute) <= let_in <= per_minute

    @given(st.integers(0, 100_000))
    def test_takes_nothing_from_the_limit_when_it_is_one(self, per_minute):
        assert allowed(per_minute, share=1.0) == per_minute


class TestAShop:
    def test_that_keeps_up_takes_all_that_operators_allow(self):
        load(1000, slow=50, failed=20)
        seen = look()
        assert (seen.share, seen.reason, seen.slow_percent, seen.failed_percent) == (1, NONE, 5, 2)

    def test_of_which_nothing_is_known_does_too(self):
        assert (look().share, look().reason) == (1, NONE)

    def test_that_is_slow_takes_less(self):
        load(100, slow=6)
        seen = look()
        assert (seen.share, seen.reason, seen.slow_percent) == (pytest.approx(0.7), LATENCY, 6)

    def test_that_fails_takes_less_and_says_so_also_when_it_is_slow(self):
        load(100, slow=90, failed=3)
        seen = look()
        assert (seen.share, seen.reason, seen.failed_percent) == (pytest.approx(0.7), ERRORS, 3)

    def test_is_judged_by_all_its_processes_together(self):
        load(90)
        load(10, slow=6, seconds=-1)
        assert look().reason == LATENCY

    def test_is_judged_by_its_last_ten_seconds(self):
        load(100, slow=100, seconds=-10)
        load(100, slow=100, seconds=1)
        assert look().reason == NONE

    def test_is_not_judged_by_few_requests(self):
        load(19, slow=19)
        assert look().share == 1

    def test_takes_one_cut_in_five_seconds(self):
        load(100, slow=100, seconds=0)
        seen = [look(second).share for second in range(6)]
        assert seen == [pytest.approx(0.7)] * 5 + [pytest.approx(0.49)]

    def test_takes_a_tenth_however_slow_it_is(self):
        for second in range(60):
            load(100, slow=100, seconds=second)
            seen = look(second)
        assert seen.share == pytest.approx(0.1)


class TestAfterTheTrouble:
    def test_the_share_rises_by_a_twentieth_each_second_with_the_reason_kept_until_all_is_well(self):
        stands_at(0.9)
        seen = [look(second) for second in (1, 2, 3)]
        assert [each.share for each in seen] == [pytest.approx(0.95), pytest.approx(1), 1]
        assert seen[0].reason == LATENCY
        assert seen[2].reason == NONE

    def test_few_requests_that_fare_badly_still_hold_it_down(self):
        stands_at(0.5)
        load(5, failed=5, seconds=1)
        seen = look(1)
        assert (seen.share, seen.reason) == (0.5, ERRORS)

    def test_a_tick_that_came_late_makes_up_for_it(self):
        stands_at(0.5)
        assert look(4).share == pytest.approx(0.7)


class TestManyWorkers:
    def test_who_look_at_once_move_it_one_step(self):
        stands_at(0.5)
        at_once(*[lambda: look(1)] * 16)
        assert Inflow.objects.get().share == pytest.approx(0.55)

    def test_who_see_trouble_at_once_cut_once(self):
        load(100, slow=100)
        with capture_logs() as logs:
            at_once(*[look] * 16)
        assert [line["event"] for line in logs].count("inflow_cut") == 1
        assert Inflow.objects.get().share == pytest.approx(0.7)

    def test_who_look_within_a_second_are_told_how_it_stands(self):
        stands_at(0.5)
        assert [look(0.5).share, look(0.999).share] == [0.5, 0.5]
        assert Inflow.objects.get().looked_at == at(0)

    def test_who_look_first_make_one_row(self):
        Inflow.objects.all().delete()
        assert {each.share for each in at_once(*[look] * 8)} == {1}
        assert Inflow.objects.count() == 1

    def test_do_not_wait_for_one_who_looks_and_hangs(self):
        stands_at(0.5)
        with bus.atomic(Inflow):
            Inflow.objects.select_for_update().get()
            assert at_once(lambda: [sql("SET lock_timeout = '2s'"), look(1).share][-1]) == [0.5]


@pytest.fixture
def shop(settings):
    """What this process counts from now on, written at once. A busy machine makes no request slow."""
    settings.SHOP_SLOW_SECONDS = 60
    pressure.tally.wait(timeout=10)
    pressure.tally.forget()
    pressure.tally.every = 0.01
    yield pressure.tally
    pressure.tally.wait(timeout=10)
    pressure.tally.every = 1.0


def written(counting=pressure.tally) -> Load:
    """All that was counted, as it stands in the database."""
    counting.wait(timeout=10)
    return ShopLoad.between(now() - timedelta(minutes=5), now() + timedelta(minutes=5))


def count(counting, times, *, slow=False, failed=False):
    for _ in range(times):
        counting.count(slow=slow, failed=failed)


def ask(path="/reservations", *, status=200):
    """A request that passes the middleware alone."""
    return ShopLoadMiddleware(lambda request: HttpResponse(status=status))(RequestFactory().get(path))


class TestARequest:
    @pytest.mark.parametrize(
        "path",
        [
            f"/api/v1/performances/{uuid4()}/availability",
            "/api/v1/reservations",
            f"/api/v1/reservations/{uuid4()}/payment",
            f"/performances/{uuid4()}/hold",
            f"/reservations/{uuid4()}/checkout",
        ],
    )
    def test_of_a_purchase_is_counted(self, shop, path):
        ask(path)
        assert written() == (1, 0, 0)

    @pytest.mark.parametrize("path", ["/", f"/api/v1/waiting-rooms/{uuid4()}/place", "/metrics", "/admin/"])
    def test_of_anything_else_is_not(self, shop, path):
        assert ask(path).status_code == 200
        assert written() == (0, 0, 0)

    def test_is_slow_from_the_set_time_on(self, shop):
        with override_settings(SHOP_SLOW_SECONDS=0):
            ask()
        assert written() == (1, 1, 0)

    @pytest.mark.parametrize("status", [500, 503])
    def test_that_is_answered_by_an_error_of_ours_has_failed(self, shop, status):
        assert ask(status=status).status_code == status
        assert written() == (1, 0, 1)

    @pytest.mark.parametrize("status", [302, 400, 404, 409])
    def test_that_is_refused_for_good_reasons_has_not(self, shop, status):
        ask(status=status)
        assert written() == (1, 0, 0)

    @pytest.mark.parametrize("status", [401, 403, 429])
    def test_that_is_turned_away_at_the_door_says_nothing_about_the_shop(self, shop, status):
        ask(status=status)
        assert written() == (0, 0, 0)

    def test_that_ends_in_an_exception_has_failed_and_raises_it(self, shop):
        def broken(request):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            ShopLoadMiddleware(broken)(RequestFactory().get("/reservations"))
        assert written() == (1, 0, 1)

    def test_to_the_running_site_is_counted(self, shop):
        assert Client().get("/reservations").status_code == 302
        assert written().requests == 1


class TestTheTally:
    def test_writes_the_counts_of_many_threads_in_one_row(self):
        counting = Tally(every=0.3)
        at_once(*[lambda: count(counting, 50, slow=True)] * 8)
        assert written(counting) == (400, 400, 0)
        assert ShopLoad.objects.count() == 1

    def test_dates_late_counts_by_when_they_were_seen(self):
        counting, seen_at = Tally(every=1), now()
        count(counting, 1)
        written(counting)
        assert abs(ShopLoad.objects.get().at - seen_at) < timedelta(seconds=0.5)

    def test_writes_while_the_fan_is_in_a_transaction_that_fails(self, shop):
        with pytest.raises(ZeroDivisionError), bus.atomic(ShopLoad):
            pressure.observe(0.1, failed=False)
            raise ZeroDivisionError
        assert written() == (1, 0, 0)

    def test_loses_a_second_with_a_process_that_dies(self):
        def story():
            counting = Tally(every=0.01)
            count(counting, 3)
            written(counting)
            counting.every = 60
            count(counting, 2)
            os.kill(os.getpid(), signal.SIGKILL)

        assert died(forked(story))
        assert written() == (3, 0, 0)

    def test_begins_anew_in_a_forked_process(self, shop):
        shop.every = 0.5
        count(shop, 4)
        assert not died(forked(lambda: [pressure.observe(0.1, failed=True), written()]))
        assert written() == (5, 0, 1)


class TestADatabaseThatIsAway:
    def test_delays_no_fan_and_gets_the_counts_when_it_is_back(self, shop):
        with bus.atomic(ShopLoad):
            sql("LOCK TABLE queueing_shopload IN ACCESS EXCLUSIVE MODE")
            answers = at_once(*[lambda: Client().get("/reservations").status_code] * 4)
            shop.wait(timeout=0.1)
        assert answers == [302] * 4
        assert written() == (4, 0, 0)

    def test_is_complained_of_once_and_hurts_nobody(self, shop):
        with capture_logs() as logs, table_gone():
            for _ in range(5):
                assert Client().get("/reservations").status_code == 302
                shop.wait(timeout=0.1)
        assert [line["event"] for line in logs].count("shop_load_not_written") == 1
        assert written() == (5, 0, 0)


@contextmanager
def table_gone():
    sql("ALTER TABLE queueing_shopload RENAME TO gone")
    try:
        yield
    finally:
        sql("ALTER TABLE gone RENAME TO queueing_shopload")


def sql(statement):
    with connections[bus.home(ShopLoad)].cursor() as cursor:
        cursor.execute(statement)


class TestMeasurements:
    def test_are_forgotten_after_a_quarter_of_an_hour_and_those_of_rooms_after_a_week(self):
        room = make_room()
        for minutes in (14, 16):
            ShopLoad.objects.create(at=now() - timedelta(minutes=minutes), requests=minutes, slow=0, failed=0)
        for days in (6, 8):
            told = {"waiting": days, "active": 0, "admitted": 0}
            RoomMinute.objects.create(room=room, at=now() - timedelta(days=days), **told)
        prune()
        assert ShopLoad.objects.get().requests == 14
        assert RoomMinute.objects.get().waiting == 6

    def test_are_forgotten_to_the_last_however_many(self):
        old = ShopLoad(at=now() - timedelta(hours=1), requests=1, slow=0, failed=0)
        ShopLoad.objects.bulk_create([copy(old) for _ in range(2_001)])
        assert ShopLoad.objects.prune() == 2_001
        assert not ShopLoad.objects.exists()
