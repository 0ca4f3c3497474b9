"""The same key is the same request, whatever happens in between."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from uuid import uuid4

import pytest
from django.db import connections
from django.utils.timezone import now

from events import bus
from events.models import IdempotentRequest
from events.relay import relay
from events.tasks import prune
from payments.models import Charge, Payment, PointAccount, Transfer
from reservations.models import Reservation
from tests.world import PRICE, Fan

REPLAYED = "Idempotency-Replayed"


def replayed(first, again):
    """That `again` is the first answer once more, and says so."""
    assert (again.status_code, again.json(), again["Content-Type"]) == (
        first.status_code,
        first.json(),
        first["Content-Type"],
    )
    assert again[REPLAYED] == "true" and REPLAYED not in first


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


def charge(fan, amount=5, *, key, path="/points/charges"):
    return fan.call("post", path, {"amount": amount}, key=key)


def at_once(*requests):
    """The answers of requests that run at the same time, each on a connection of its own."""

    def run(request):
        try:
            return request()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(requests)) as threads:
        return [future.result() for future in [threads.submit(run, request) for request in requests]]


def stored(noun, **fields):
    return IdempotentRequest.objects.using(bus.home(noun)).filter(**fields)


class TestARepeat:
    def test_of_a_charge_gives_the_first_answer_again(self, world):
        key = uuid4()
        replayed(charge(world.alice, key=key), charge(world.alice, key=key))
        assert (world.alice.balance, stored(Charge, key=key).count()) == (1_000_005, 1)

    def test_of_a_hold_a_payment_and_a_cancellation_gives_the_first_answer_again(self, world):
        world.admit(world.alice)
        first, again = (world.alice.hold(world.performance, world.seats[0], key="h") for _ in range(2))
        replayed(first, again)
        id = first.json()["id"]
        replayed(*(world.alice.pay(id, world.concert, key="p") for _ in range(2)))
        path = f"/reservations/{id}/cancellation"
        replayed(*(world.alice.call("post", path, {"refund": PRICE}, key="c") for _ in range(2)))
        assert (world.alice.balance, Reservation.objects.count(), Payment.objects.get().refunded) == (
            1_000_000,
            1,
            PRICE,
        )

    def test_of_a_place_gives_the_first_answer_again(self, world):
        path = f"/waiting-rooms/{world.concert.id}/place"
        replayed(*(world.alice.call("post", path, key="w") for _ in range(2)))

    def test_of_a_refusal_gives_it_again_even_if_it_would_go_well_now(self, world):
        poor = Fan.sign_up("Poor", points=PRICE - 1)
        held = world.held_by(poor)
        first = poor.pay(held.id, world.concert, key="p")
        poor.charge(PRICE)
        again = poor.pay(held.id, world.concert, key="p")
        assert first.status_code == 402
        replayed(first, again)
        replayed(*(charge(world.alice, 0, key="zero") for _ in range(2)))

        world.held_by(world.alice)
        world.admit(world.bob)
        first = world.bob.hold(world.performance, world.seats[0], key="h")
        Reservation.objects.update(held_until=now() - timedelta(1))
        assert first.status_code == 409
        replayed(first, world.bob.hold(world.performance, world.seats[0], key="h"))

    def test_with_another_body_or_address_is_422(self, world):
        charge(world.alice, 5, key="k")
        refused(charge(world.alice, 6, key="k"), 422, "idempotency_key_reused")
        held = world.held_by(world.alice)
        world.alice.pay(held.id, world.concert, key="p")
        other = f"/reservations/{held.id}/cancellation"
        refused(world.alice.call("post", other, {}, key="p"), 422, "idempotency_key_reused")
        refused(world.alice.pay(uuid4(), world.concert, key="p"), 422, "idempotency_key_reused")
        assert world.alice.balance == 1_000_005 - PRICE

    def test_in_other_words_is_the_same(self, world):
        first = world.alice.client.generic(
            "POST", "/api/v1/points/charges", b'{"amount":5}', "application/json", headers={"Idempotency-Key": "k"}
        )
        again = world.alice.client.generic(
            "POST", "/api/v1/points/charges", b' {"amount": 5 } ', "application/json", headers={"Idempotency-Key": "k"}
        )
        replayed(first, again)

    def test_by_another_account_is_another_request(self, world):
        first, other = charge(world.alice, key="k"), charge(world.bob, 7, key="k")
        assert (first.status_code, other.status_code, world.bob.balance) == (201, 201, 1_000_007)
        assert REPLAYED not in other

    def test_without_a_key_is_refused_where_money_moves(self, world):
        held = world.held_by(world.alice)
        refused(world.alice.call("post", "/points/charges", {"amount": 5}), 400, "idempotency_key_required")
        path = f"/reservations/{held.id}/payment"
        refused(world.alice.call("post", path, concert=world.concert), 400, "idempotency_key_required")
        assert world.alice.balance == 1_000_000


class TestAnAnswerThatIsNotFinal:
    def test_as_202_is_not_stored(self, world, settings):
        settings.PUSH_AFTER_COMMIT = False
        held = world.held_by(world.alice)
        first, again = (world.alice.pay(held.id, world.concert, key="p") for _ in range(2))
        assert (first.status_code, again.status_code) == (202, 202) and REPLAYED not in again
        relay()
        paid = world.alice.pay(held.id, world.concert, key="p")
        assert (paid.status_code, paid.json()["status"], world.alice.balance) == (200, "CONFIRMED", 900_000)

    def test_as_429_is_not_stored(self, world, settings):
        settings.RATE_LIMITS = True
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {"write": "1/min"}}
        charge(world.alice, key="other")
        refused(charge(world.alice, key="k"), 429, "throttled")
        settings.RATE_LIMITS = False
        assert charge(world.alice, key="k").status_code == 201

    def test_as_5xx_is_not_stored(self, world, settings):
        world.admit(world.alice)
        working = settings.CACHES
        settings.CACHES = {
            "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0", "OPTIONS": {}}
        }
        refused(world.alice.hold(world.performance, world.seats[0], key="h"), 503, "room_unavailable")
        settings.CACHES = working
        held = world.alice.hold(world.performance, world.seats[0], key="h")
        assert held.status_code == 201 and REPLAYED not in held


@pytest.fixture
def held_up(world):
    """A charge of Alice's that waits for her account's row, which somebody else has locked."""
    locked, done = Event(), Event()

    def lock():
        with bus.atomic(PointAccount):
            PointAccount.objects.select_for_update().get(user_id=world.alice.user.id)
            locked.set()
            assert done.wait(20)
        connections.close_all()

    def first():
        try:
            return charge(world.alice, key="k")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        threads.submit(lock)
        assert locked.wait(20)
        request = threads.submit(first)
        while not stored(Charge, key="k").exists():
            time.sleep(0.01)
        yield request, done
        done.set()


@pytest.mark.fault("same idempotency key twice at once", holds="M S D1 D2 E O T L")
class TestARequestInProgress:
    def test_refuses_its_repeat_until_it_is_done(self, world, held_up):
        request, done = held_up
        early = charge(world.alice, key="k")
        refused(early, 409, "request_in_progress")
        assert int(early["Retry-After"]) >= 1 and REPLAYED not in early
        refused(charge(world.alice, 6, key="k"), 422, "idempotency_key_reused")
        done.set()
        first = request.result()
        assert first.status_code == 201
        replayed(first, charge(world.alice, key="k"))
        assert world.alice.balance == 1_000_005

    def test_runs_once_of_twenty_at_a_time(self, world):
        answers = at_once(*[lambda: charge(world.alice, key="k") for _ in range(20)])
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert [answer.status_code for answer in answers if REPLAYED not in answer].count(201) == 1
        assert (world.alice.balance, Transfer.objects.filter(amount=5).count()) == (1_000_005, 1)

    def test_holds_and_pays_once_of_twenty_at_a_time(self, world):
        world.admit(world.alice)
        answers = at_once(*[lambda: world.alice.hold(world.performance, world.seats[0], key="h") for _ in range(20)])
        (id,) = {answer.json()["id"] for answer in answers if answer.status_code == 201}
        assert {a.json()["code"] for a in answers if a.status_code != 201} <= {"request_in_progress"}
        answers = at_once(*[lambda: world.alice.pay(id, world.concert, key="p") for _ in range(20)])
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert (world.alice.balance, Payment.objects.count(), Reservation.objects.count()) == (900_000, 1, 1)


class TestACrashInBetween:
    """The verb is done, and its process died before it could note the answer."""

    def crash(self, noun, key):
        lost = stored(noun, key=key)
        assert lost.update(status=None, body=None, leased_until=now() + timedelta(seconds=30)) == 1
        return lost

    def over(self, lost):
        lost.update(leased_until=now() - timedelta(seconds=1))

    @pytest.mark.parametrize("what", ["hold", "payment", "cancellation", "charge"])
    def test_happens_once_and_its_repeat_finds_what_came_of_it(self, world, what):
        world.admit(world.alice)
        noun = Charge if what == "charge" else Reservation
        request = self.request(world, what)
        first = request()
        effects = self.effects(world)
        lost = self.crash(noun, "k")
        refused(request(), 409, "request_in_progress")
        self.over(lost)
        again = request()
        assert (again.status_code, again.json()) == (first.status_code, first.json()), again.content
        assert REPLAYED not in again
        replayed(again, request())
        assert self.effects(world) == effects

    def request(self, world, what):
        alice = world.alice
        if what == "charge":
            return lambda: charge(alice, key="k")
        if what == "hold":
            return lambda: alice.hold(world.performance, world.seats[0], key="k")
        id = alice.hold(world.performance, world.seats[0]).json()["id"]
        if what == "payment":
            return lambda: alice.pay(id, world.concert, key="k")
        alice.pay(id, world.concert)
        return lambda: alice.call("post", f"/reservations/{id}/cancellation", {"refund": PRICE}, key="k")

    def effects(self, world):
        rows = Reservation.objects.order_by("id").values_list("id", "status", "version")
        return world.alice.balance, Transfer.objects.count(), Charge.objects.count(), list(rows)

    def test_before_the_verb_lets_the_repeat_do_it(self, world):
        stored_row, mine = IdempotentRequest.claim(
            using=bus.home(Charge), account_id=world.alice.user.id, key="k", fingerprint=self.fingerprint(world)
        )
        assert mine
        refused(charge(world.alice, key="k"), 409, "request_in_progress")
        self.over(stored(Charge, pk=stored_row.pk))
        assert charge(world.alice, key="k").status_code == 201
        assert world.alice.balance == 1_000_005

    def fingerprint(self, world):
        charge(world.bob, key="model")
        return stored(Charge, account_id=world.bob.user.id, key="model").get().fingerprint

    def test_is_taken_up_by_one_of_twenty_repeats(self, world):
        charge(world.alice, key="k")
        self.over(self.crash(Charge, "k"))
        answers = at_once(*[lambda: charge(world.alice, key="k") for _ in range(20)])
        assert [answer.status_code for answer in answers if REPLAYED not in answer].count(201) == 1
        assert world.alice.balance == 1_000_005


class TestAnAnswer:
    def test_is_kept_for_a_day(self, world):
        key = uuid4()
        world.alice.call("post", "/points/charges", {"amount": 5}, key=key)
        rows = IdempotentRequest.objects.using(bus.home(Charge)).filter(key=key)
        rows.update(created_at=now() - timedelta(hours=23))
        prune()
        assert rows.exists()

        rows.update(created_at=now() - timedelta(hours=25))
        prune()
        assert not rows.exists()
