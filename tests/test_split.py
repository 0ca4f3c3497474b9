"""Each domain as a deployment of its own: real processes that share nothing but a broker."""

import psycopg
import pytest

from tests.deployments import Deployments, Fan, eventually
from tests.world import PRICE

LAST_NEWS = "Waiting room received “Reservation confirmed”"


@pytest.fixture(scope="module")
def deployments():
    with Deployments() as running:
        yield running


@pytest.fixture
def alice(deployments):
    return Fan(deployments, "Alice", points=3 * PRICE)


class TestFiveDeployments:
    def test_have_the_tables_of_their_own_domain_alone(self, deployments):
        for domain, url in deployments.settings["database_urls"].items():
            with psycopg.connect(url) as connection:
                tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            apps = {name.split("_")[0] for (name,) in tables} - {"django", "auth"}
            console = {"concert"} if domain == "accounts" else set()  # concert_site_…
            assert apps == {domain, "events"} | console

    def test_sell_a_seat_and_take_it_back(self, alice):
        bought = alice.buy(seat=0)
        assert alice.call("get", f"reservations/{bought['id']}/ticket")["qr_payload"]
        assert alice.has(2 * PRICE)

        alice.call("post", f"reservations/{bought['id']}/cancellation")
        assert alice.has(3 * PRICE)

    def test_decline_who_has_too_few_points(self, deployments):
        bob = Fan(deployments, "Bob", points=PRICE - 1)
        bob.enter()
        held = bob.hold(seat=1)
        bob.pay(held)
        assert bob.sees(held, "FAILED")
        assert bob.has(PRICE - 1)

    def test_refund_what_an_operator_has_undone_before_payments_answered(self, deployments, alice):
        alice.enter()
        held = alice.hold(seat=2)
        with deployments.frozen("payments"):
            alice.pay(held)
            deployments.manage("reservations", "manage.py", "compensate", held["id"], "--reason", "the fan rang")
            assert alice.sees(held, "FAILED")
        assert alice.has(3 * PRICE)

    def test_let_nobody_buy_without_a_place_or_twice_under_one(self, deployments, alice):
        assert alice.hold(seat=3, expect=403)["code"] == "queue_token_required"
        alice.buy(seat=3)
        assert alice.hold(seat=4, expect=403)["code"] == "queue_token_not_active"

    def test_know_nobody_by_a_made_up_token_or_pass(self, deployments, alice):
        alice.api.headers["Authorization"] = "Bearer made-up"
        alice.api.headers["Account-Pass"] = "made-up"
        assert alice.call("get", "points", expect=401)["code"] == "not_authenticated"

    def test_tell_the_operator_the_whole_story(self, deployments, alice):
        bought = alice.buy(seat=5)
        told = ""

        def is_whole():
            nonlocal told
            told = deployments.manage("accounts", "manage.py", "trace", bought["id"])
            return all(word in told for word in ("Noted for the promoter: sale", "Told the fan", LAST_NEWS))

        assert eventually(is_whole), told
        for words in (
            "Let in from the waiting room",
            "handed to the broker for Payments",
            "CAPTURED (v1)",
            "(the fan)",
        ):
            assert words in told

    def test_keep_every_invariant(self, deployments, alice):
        """Last, when all has happened."""
        told = deployments.manage("queueing", "manage.py", "check_invariants", whole=True)
        assert told.count(" ok ") == 11, told
