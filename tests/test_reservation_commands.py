"""Sweeping, compensating and counting from the command line."""

import getpass
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from time import sleep
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils.timezone import now

from concert_site.invariants import violations
from events import bus
from events.models import OperatorAction, Transition
from reservations import ranking
from reservations.models import Reservation


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def bought(world):
    return world.bought_by(world.alice)


class TestExpireHolds:
    def test_expires_those_whose_time_is_over_and_says_how_many(self, world):
        world.held_by(world.alice, world.seats[0])
        world.held_by(world.bob, world.seats[1])
        Reservation.objects.update(held_until=now())
        held = world.held_by(world.charlie, world.seats[2])
        assert run("expire_holds") == "Expired 2.\n"
        assert Reservation.objects.get(status="HELD") == held
        log = Transition.objects.using(bus.home(Reservation)).filter(to_status="EXPIRED")
        assert [line.actor for line in log] == ["system:expire_holds"] * 2

    def test_has_nothing_to_do_the_second_time(self, world):
        world.held_by(world.alice)
        Reservation.objects.update(held_until=now())
        run("expire_holds")
        assert run("expire_holds") == "Expired 0.\n"


class TestCompensate:
    def test_cancels_a_confirmed_one_with_a_full_refund_and_an_action(self, world, bought):
        said = run("compensate", str(bought.id), "--reason", "double booking", "--as", "Olga")
        assert "(CONFIRMED), version 3" in said
        assert "Cancel it with a full refund" in said
        assert "(CANCELLED), version 4: Done. It is cancelled now." in said
        assert world.alice.balance == 1_000_000
        action = OperatorAction.objects.using(bus.home(Reservation)).get()
        assert (action.operator, action.reason) == ("Olga", "double booking")
        assert violations(["A", "D1", "D2", "T"]) == {}

    def test_names_the_user_of_the_system_when_nobody_is_named(self, bought):
        run("compensate", str(bought.id), "--reason", "a test")
        assert OperatorAction.objects.using(bus.home(Reservation)).get().operator == getpass.getuser()

    def test_as_a_dry_run_only_says_what_it_would_do(self, bought):
        said = run("compensate", str(bought.id), "--reason", "a test", "--dry-run")
        assert "version 3" in said and "Cancel it with a full refund" in said and "Done" not in said
        bought.refresh_from_db()
        assert (bought.status, bought.version) == ("CONFIRMED", 3)
        assert not OperatorAction.objects.using(bus.home(Reservation)).exists()

    def test_of_what_is_over_is_refused(self, bought):
        run("compensate", str(bought.id), "--reason", "a test")
        with pytest.raises(CommandError, match="There is nothing to undo: it is cancelled"):
            run("compensate", str(bought.id), "--reason", "again")

    def test_of_an_unknown_reservation_is_refused(self, world):
        with pytest.raises(CommandError, match="no such reservation"):
            run("compensate", str(uuid4()), "--reason", "a test")

    @pytest.mark.parametrize("reason", ["", " \n"])
    def test_without_a_reason_is_refused(self, bought, reason):
        with pytest.raises(CommandError, match="Say why"):
            run("compensate", str(bought.id), "--reason", reason)

    def test_of_what_changes_meanwhile_is_refused(self, bought):
        with ThreadPoolExecutor(1) as other:
            with bus.atomic(Reservation):
                bought.lock()
                answer = other.submit(compensated, bought.id)
                wait_for_a_lock()
                bought.cancel(refund=0, fee=bought.amount, cause="a test")
            assert "It is cancelled now, version 4" in answer.result()


def compensated(id):
    """Why it was refused."""
    try:
        call_command("compensate", str(id), "--reason", "a test", stdout=StringIO())
    except CommandError as refusal:
        return str(refusal)
    finally:
        connections.close_all()


def wait_for_a_lock():
    """Until somebody waits for one."""
    with connections[bus.home(Reservation)].cursor() as cursor:
        for _ in range(400):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            sleep(0.05)
    raise AssertionError("nobody waits for a lock")


class TestRebuildRanking:
    def test_counts_again_what_redis_has_lost(self, world, bought, redis):
        redis.flushdb()
        assert ranking.top(period="all") == []
        assert run("rebuild_ranking") == "The ranking counts 1 confirmed.\n"
        assert ranking.top(period="all") == [(str(world.concert.id), 1)]

    def test_counts_nothing_twice(self, world, bought):
        run("rebuild_ranking")
        run("rebuild_ranking")
        assert ranking.top(period="all") == [(str(world.concert.id), 1)]

    def test_says_so_when_redis_is_away(self, world, bought, settings):
        away = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0", "OPTIONS": {}}
        settings.CACHES = {"default": away}
        with pytest.raises(CommandError, match="Redis does not answer"):
            run("rebuild_ranking")
