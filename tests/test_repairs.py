"""Broken by hand, found by the worker, repaired by an operator through the console alone."""

import html
import re

import pytest
from django.db import connections

from concert_site.invariants import LETTERS
from concert_site.tasks import reconcile
from events import bus
from settlement.models import Line
from tests.everything import assert_sound, settle
from tests.operators import Operator

MAY = ["view_reconciliation", "add_reconciliation", "view_reservation", "view_claim", "view_delivery"]
PULLS = ["compensate_reservation", "ask_reservation", "end_claim", "retry_delivery", "discard_delivery"]
LINE = """
INSERT INTO events_transition
       (id, aggregate_type, aggregate_id, version, from_status, to_status, cause, actor, correlation_id)
SELECT gen_random_uuid(), 'reservations.Reservation', id, version, %s, status, 'by hand', 'system', id
  FROM reservations_reservation WHERE id = %s
"""


class Console:
    """An operator who knows nothing but its pages."""

    def __init__(self):
        self.kim = Operator.who_may(*MAY, *PULLS)

    def look(self) -> str:
        """Ask for a round, let the worker look, and read what it found."""
        asked = self.kim.client.post("/admin/reconciliation/ask/", follow=True)
        reconcile()
        return self.kim.client.get(asked.redirect_chain[-1][0]).content.decode()

    def broken(self) -> list:
        found = re.search(r"Broken: ([A-Z0-9, ]+)", self.look())
        return found[1].split(", ") if found else []

    def repair(self, label):
        """Pull the lever of that label that stands beside what was found."""
        lever = re.search(rf'class="console-repair" href="([^"]+)">{label}', self.kim.see("reconciliation/"))
        self.pull(lever[1])

    def pull(self, address):
        page = self.kim.client.get(address).content.decode()
        seen = html.unescape(re.search(r'name="seen" value="([^"]*)"', page)[1])
        answer = self.kim.client.post(address, {"reason": "found by reconciliation", "seen": seen}, follow=True)
        assert answer.status_code == 200
        settle()


@pytest.fixture
def console(world):
    return Console()


def sql(statement, *params):
    with connections[bus.home("reservations")].cursor() as cursor:
        cursor.execute(statement, params)


def written(reservation, changes):
    """The row has been changed by hand, and its log goes with it."""
    change = f"UPDATE reservations_reservation SET version = version + 1, {changes} WHERE id = %s"  # noqa: S608
    sql(change, reservation.pk)
    sql(LINE, reservation.status, reservation.pk)


def seats_freed(reservation):
    sql("UPDATE reservations_claim SET ended_at = now() WHERE reservation_id = %s", reservation.pk)


class TestWhatIsBroken:
    def test_is_nothing_at_first(self, console, world):
        world.bought_by(world.alice)
        settle()
        page = console.look()
        assert "All hold" in page and all(f'id="{letter}"' in page for letter in LETTERS)

    def test_may_be_a_payment_that_nobody_chases(self, console, world):
        held = world.held_by(world.alice)
        written(held, "status = 'PAYING', pay_deadline = now() - interval '1 h', asked_again_at = now()")
        assert console.broken() == ["L"]
        console.repair("Compensate")
        held.refresh_from_db()
        assert held.status == "FAILED"
        self.is_mended(console)

    def test_may_be_a_seat_that_belongs_to_a_dead_reservation(self, console, world):
        held = world.held_by(world.alice)
        assert world.alice.call("delete", f"/reservations/{held.id}").status_code == 204
        sql("UPDATE reservations_claim SET ended_at = NULL WHERE reservation_id = %s", held.pk)
        assert console.broken() == ["S"]
        console.repair("End the claim")
        assert world.held_by(world.bob, world.seats[0])
        self.is_mended(console)

    def test_may_be_confirmed_without_a_debit(self, console, world):
        held = world.held_by(world.alice)
        written(held, "status = 'CONFIRMED', confirmed_at = now()")
        assert console.broken() == ["D1"]
        console.repair("Ask payments again")
        assert world.alice.balance == 900_000
        self.is_mended(console)

    def test_may_be_debited_without_a_confirmation(self, console, world):
        bought = world.bought_by(world.alice)
        settle()
        written(bought, "status = 'FAILED', failure = 'payment_unanswered', confirmed_at = NULL")
        seats_freed(bought)
        assert console.broken() == ["D2"]
        console.repair("Compensate")
        assert world.alice.balance == 1_000_000
        self.is_mended(console)

    def test_may_be_a_refund_that_was_promised_and_never_came(self, console, world):
        bought = world.bought_by(world.alice)
        settle()
        written(bought, "status = 'CANCELLED', refund = amount, fee = 0")
        seats_freed(bought)
        assert console.broken() == ["D2"]
        console.repair("Ask payments again")
        assert world.alice.balance == 1_000_000
        self.is_mended(console)

    def test_may_be_a_dead_letter(self, console, world):
        """Which breaks no invariant as long as it waits for an operator."""
        world.bought_by(world.alice)
        sql("UPDATE events_delivery SET state = 'dead', fingerprint = 'Broken 0' WHERE consumer = 'settlement'")
        settle()
        page = console.kim.see("events/delivery/", state__exact="dead", domain=bus.home("reservations"))
        console.pull(f"/admin/events/delivery/{re.search('events/delivery/([0-9a-f-]{36})/', page)[1]}/retry/")
        assert Line.objects.count() == 1
        self.is_mended(console)

    def is_mended(self, console):
        assert console.broken() == []
        assert_sound()
