"""The command that says whether what must always be true is true."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from io import StringIO
from time import time
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from concert_site.invariants import LETTERS, judge, violations
from events import bus
from events.relay import relay
from payments.models import Transfer
from queueing.backends.redis import mirror
from queueing.backends.redis.store import KEYS, keys_of, name_of
from queueing.models import Room
from queueing.ticks import tick_rooms
from reservations.confirmation import compensate
from reservations.models import Reservation
from tests.breakages import BREAKAGES, CANCELLED
from tests.everything import settle
from tests.world import Fan, make_performance

APPS = ["accounts", "reservations", "queueing", "payments", "settlement"]
ROUNDS = 8


@pytest.fixture
def healthy(world):
    """Alice buys, Dave has no points, Charlie buys and cancels, Olga compensates for Bob; and all has taken effect."""
    make_performance(world.concert)
    world.bought_by(world.alice, *world.seats[:2])
    dave = Fan.sign_up("Dave")
    refused = world.held_by(dave, world.seats[2])
    assert dave.pay(refused.id, world.concert).status_code == 402
    cancelled = world.bought_by(world.charlie, world.seats[3])
    assert world.charlie.cancel(cancelled.id).status_code == 200
    bought = world.bought_by(world.bob, world.seats[4])
    compensate(bought, operator="Olga", reason="Bob called", seen=bought.revision)
    settle()
    return world


@contextmanager
def broken(statements):
    """The statements have been run, until the end of the block."""
    with ExitStack() as stack:
        for using in connections:
            stack.enter_context(rolled_back(using))
        for app, statement in statements:
            with connections[bus.home(app)].cursor() as cursor:
                cursor.execute(statement)
        yield


@contextmanager
def rolled_back(using):
    connections[using].set_autocommit(False)
    try:
        yield
    finally:
        connections[using].rollback()
        connections[using].set_autocommit(True)


def checked(*arguments, **options):
    """What the command says, and whether it exits with 0."""
    out, fine = StringIO(), True
    try:
        call_command("check_invariants", *arguments, stdout=out, **options)
    except CommandError as error:
        fine = error.returncode == 0
    return out.getvalue(), fine


class TestAHealthyWorld:
    def test_breaks_no_letter(self, healthy):
        assert violations() == {}

    def test_is_said_to_be_fine_letter_by_letter(self, healthy):
        said, fine = checked()
        assert fine
        assert [line.split()[:2] for line in said.splitlines()] == [[letter, "ok"] for letter in LETTERS]

    def test_is_said_to_be_fine_in_json_too(self, healthy):
        said, fine = checked("--json")
        assert fine
        assert {letter: told["violations"] for letter, told in json.loads(said).items()} == dict.fromkeys(LETTERS, 0)


class TestEachLetter:
    @pytest.mark.parametrize("letter", LETTERS)
    def test_fails_whichever_way_its_data_are_broken(self, healthy, letter):
        for way, statements in BREAKAGES[letter].items():
            with broken(statements):
                assert violations([letter], pause=0), way
        with broken(statements):
            said, fine = checked(letter, "--example", "1")
        assert not fine
        assert " wrong " in said

    def test_that_is_not_known_is_refused(self, db):
        with pytest.raises(CommandError, match="There is no Z"):
            call_command("check_invariants", "M", "Z")


class TestAnExample:
    def test_names_the_row_what_is_wrong_and_the_versions_it_was_seen_in(self, healthy):
        with broken(BREAKAGES["D1"]["a payment that is gone"]):
            said, _ = checked("D1")
        wrong = Reservation.objects.get(status="CONFIRMED")
        assert f"reservation {wrong.id}: CONFIRMED, but not with exactly" in said
        assert "(version 3, None)" in said

    def test_stands_for_the_rest_when_there_are_many(self, healthy):
        with broken(BREAKAGES["Q"]["nobody let in"]):
            said, _ = checked("Q", "--example", "2")
        assert said.count("no admission of its fan") == 2
        assert "and 2 more" in said


class TestASagaUnderWay:
    """Charlie's refund never reached him, while a letter about it is in that state."""

    def judged(self, state, token="NULL"):
        statement = (
            f"UPDATE events_delivery SET state = '{state}', lease_token = {token} WHERE correlation_id = ANY(%s)"
        )
        gone = list(Transfer.objects.filter(kind="refund").values_list("key", flat=True))
        with broken(BREAKAGES["D2"]["a refund that is gone"]):
            with connections[bus.home("reservations")].cursor() as cursor:
                cursor.execute(statement, [gone])
            return judge(LETTERS["D2"], pause=0.1, patience=0.5)

    def test_is_told_as_moving_and_not_counted(self, healthy):
        verdict = self.judged("leased", token="gen_random_uuid()")
        assert (len(verdict.violations), len(verdict.moving)) == (0, 2)

    def test_is_left_to_the_operator_when_the_letter_is_dead(self, healthy):
        verdict = self.judged("dead")
        assert (len(verdict.violations), len(verdict.moving)) == (0, 0)

    def test_is_over_when_the_letter_is_discarded(self, healthy):
        verdict = self.judged("discarded")
        assert (len(verdict.violations), len(verdict.moving)) == (2, 0)


class TestAForgottenSaga:
    def test_is_all_right_once_somebody_was_told(self, healthy):
        told = [("reservations", CANCELLED.format("attention = 'look'"))]
        with broken(BREAKAGES["L"]["a refund that nobody chases"] + told):
            assert violations(["L"]) == {}


class TestAnEventOfLongAgo:
    def test_may_have_been_pruned(self, healthy):
        old = [(app, "UPDATE events_event SET occurred_at = now() - interval '8 d'") for app in APPS]
        pruned = [(app, "DELETE FROM events_inboxmessage") for app in APPS]
        with broken(old + pruned):
            assert violations(["E"]) == {}


class TestASlot:
    def test_that_nobody_gets_any_more_breaks_Q(self, healthy, redis):
        redis.zadd(active_in(healthy.room), {name_of(uuid4()): (time() - 11) * 1000})
        assert [wrong.fault for wrong in violations(["Q"])["Q"]] == ["still active after its time"]

    def test_that_is_over_for_less_than_ten_seconds_waits_for_its_tick(self, healthy, redis):
        redis.zadd(active_in(healthy.room), {name_of(uuid4()): (time() - 5) * 1000})
        assert violations(["Q"]) == {}

    def test_too_many_breaks_Q(self, healthy, redis):
        redis.zadd(active_in(healthy.room), {name_of(uuid4()): (time() + 60) * 1000 for _ in range(51)})
        assert [wrong.fault for wrong in violations(["Q"])["Q"]] == ["more active than places"]

    def test_given_before_the_limit_was_lowered_breaks_nothing(self, world):
        world.admit()
        Room.objects.update(max_active=1)
        assert violations(["Q"]) == {}


class TestAnAdmission:
    def test_lets_its_fan_buy_once_postgresql_has_its_row(self, world):
        world.alice.enter(world.concert)
        mirror.ask("tick", concert_id=world.concert.id, args=(world.room.version, 1, "", ""))
        assert world.alice.hold(world.performance, world.seats[0]).status_code == 403
        tick_rooms()
        world.alice.enter(world.concert)
        assert world.alice.hold(world.performance, world.seats[0]).status_code == 201
        assert violations(["Q"]) == {}


class TestWithoutRedis:
    def test_Q_says_what_it_could_not_look_at_and_is_not_broken(self, healthy, settings):
        away = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0", "OPTIONS": {}}
        settings.CACHES = {"default": away}
        said, fine = checked("Q")
        assert fine
        assert "The rooms do not answer" in said


class TestWhilePurchasesRun:
    def test_the_command_does_not_cry_wolf(self, world):
        fans = [world.alice, world.bob, world.charlie]
        with ThreadPoolExecutor(3) as threads:
            shopping = [threads.submit(shop, world, fan, seat) for fan, seat in zip(fans, world.seats, strict=False)]
            looks = [checked("--json")]
            while not all(each.done() for each in shopping):
                looks.append(checked("--json"))
        assert [each.result() for each in shopping] == [None] * 3
        assert all(fine for _, fine in looks), [said for said, fine in looks if not fine]
        settle()
        assert Transfer.objects.filter(kind="refund").count() == 3 * ROUNDS
        assert violations() == {}


def shop(world, fan, seat):
    """Buy, cancel, and so on; the points may be captured by another fan's relay."""
    try:
        for _ in range(ROUNDS):
            reservation = world.held_by(fan, seat)
            fan.pay(reservation.id, world.concert)
            while Reservation.objects.get(id=reservation.id).status == "PAYING":
                relay()
            assert fan.cancel(reservation.id).status_code == 200
    finally:
        connections.close_all()


def active_in(room):
    return keys_of(room.concert_id)[KEYS.index("active")]
