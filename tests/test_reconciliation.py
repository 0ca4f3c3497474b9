"""Invariants in the console: looked at by the timetable and on demand, told in words, with the repair."""

import re
from datetime import timedelta

import pytest
from django.db import connections

from concert_site.invariants import LETTERS
from concert_site.models import Finding, Reconciliation
from concert_site.tasks import reconcile
from events import bus
from tests.operators import Operator

HOME = bus.home(Finding)


@pytest.fixture
def kim(world):
    return Operator.who_may("view_reconciliation", "add_reconciliation", "compensate_reservation")


def sql(app, statement, *params):
    with connections[bus.home(app)].cursor() as cursor:
        cursor.execute(statement, params)


def looked(letters):
    """The worker has looked at these."""
    asked = Reconciliation.ask(by="kim", letters=letters)
    while finding := Finding.next():
        finding.look(pause=0)
    return asked


def broken():
    return [each.letter for each in Finding.objects.last_looks() if each.holds is False]


def words(page):
    """Without tags, each space once."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


class TestTheTimetable:
    def test_looks_at_each_invariant_when_its_time_has_come(self, world):
        Reconciliation.ask_for_what_is_due()
        while finding := Finding.next():
            finding.look(pause=0)
        assert {each.letter for each in Finding.objects.last_looks()} == set(LETTERS)
        assert Reconciliation.ask_for_what_is_due() is None
        Finding.objects.filter(letter="S").update(started_at=self.long_ago())
        assert [each.letter for each in Reconciliation.ask_for_what_is_due().findings.all()] == ["S"]

    def test_asks_for_nothing_that_waits_already(self, world):
        Reconciliation.ask(by="kim", letters=["M"])
        assert "M" not in [each.letter for each in Reconciliation.ask_for_what_is_due().findings.all()]
        assert Reconciliation.ask_for_what_is_due() is None

    def test_is_a_task_of_the_worker(self, world):
        reconcile()
        assert not Finding.objects.under_way().exists()
        assert broken() == []

    def test_forgets_old_rounds_but_the_last_look_at_each(self, world):
        for _time in range(2):
            looked(["S"])
        Reconciliation.objects.update(asked_at=self.long_ago())
        Reconciliation.prune()
        assert Reconciliation.objects.count() == Finding.objects.count() == 1

    def long_ago(self):
        return Finding.objects.first().reconciliation.asked_at - timedelta(days=30)


class TestALook:
    def test_is_one_at_a_time_whoever_looks(self, world):
        Reconciliation.ask(by="kim", letters=["S", "L"])
        assert Finding.next() is not None
        assert Finding.next() is None

    def test_of_a_process_that_died_is_begun_again(self, world):
        Reconciliation.ask(by="kim", letters=["S"])
        dead = Finding.next()
        Finding.objects.update(started_at=dead.started_at - timedelta(hours=1))
        assert Finding.next() == dead

    def test_that_was_taken_for_dead_keeps_nothing(self, world):
        Reconciliation.ask(by="kim", letters=["S"])
        slow = Finding.next()
        Finding.objects.update(started_at=slow.started_at - timedelta(hours=1))
        Finding.next()
        slow.look(pause=0)
        assert Finding.objects.get().state == Finding.State.LOOKING

    def test_of_an_invariant_that_is_none_any_more_stops_no_other(self, world):
        asked = Reconciliation.ask(by="kim", letters=["S", "L"])
        asked.findings.filter(letter="S").update(letter="Z")
        while finding := Finding.next():
            finding.look(pause=0)
        assert {each.letter: each.holds for each in asked.findings.all()} == {"Z": None, "L": True}

    def test_that_a_database_refuses_is_said_so(self, world):
        Reconciliation.ask(by="kim", letters=["S"])
        looking = Finding.next()
        sql("reservations", "ALTER TABLE reservations_claim RENAME TO away")
        try:
            looking.look(pause=0)
        finally:
            sql("reservations", "ALTER TABLE away RENAME TO reservations_claim")
        assert "ProgrammingError" in looking.unchecked[0] and looking.holds is None
        assert broken() == []


class TestThePage:
    def test_says_that_nobody_has_looked_yet(self, kim):
        page = words(kim.see("reconciliation/"))
        assert "Not looked at yet" in page and "Nobody has looked yet." in page

    def test_says_that_all_hold(self, kim, bought):
        looked(None)
        page = words(kim.see("reconciliation/"))
        assert "All hold" in page and "by itself every" in page

    def test_names_what_is_wrong_and_how_it_is_repaired(self, kim, bought):
        sql("reservations", "UPDATE reservations_claim SET ended_at = now()")
        looked(["S"])
        page = kim.see("reconciliation/")
        assert "Broken: S" in words(page) and "1 wrong" in words(page) and "Repair:" in page
        assert f"reservations/reservation/{bought.pk}/compensate/" in page
        assert broken() == ["S"]

    def test_asked_for_again_and_again_is_looked_at_once(self, kim):
        asked = [kim.client.post("/admin/reconciliation/ask/", {"letter": letter}) for letter in ["L", "", "", "L"]]
        assert Finding.objects.count() == len(LETTERS)
        assert asked[1].url == asked[2].url != asked[0].url == asked[3].url

    def test_shows_a_repair_that_one_may_not_do_with_the_reason(self, world, bought):
        sql("reservations", "UPDATE reservations_claim SET ended_at = now()")
        looked(["S"])
        page = Operator.who_may("view_reconciliation").see("reconciliation/")
        assert "You don&#x27;t have the permission to do this." in page and "/compensate/" not in page

    def test_asks_for_a_round_and_follows_it(self, kim):
        answer = kim.client.post("/admin/reconciliation/ask/", {"letter": "L"}, follow=True)
        asked = Reconciliation.objects.get()
        assert (asked.asked_by, [each.letter for each in asked.findings.all()]) == (kim.user.email, ["L"])
        assert "Waits for its turn" in answer.content.decode()
        Finding.next()
        parts = f"reconciliation/{asked.pk}/parts/"
        assert "Looking for" in kim.see(parts) and "0 of 1 done" in words(kim.see(parts))
        Finding.objects.get().look(pause=0)
        assert "All hold" in kim.see(parts) and "took" in kim.see(parts)

    def test_is_closed_to_whoever_may_not_see_it(self, world):
        Operator.who_may().see("reconciliation/", status=403)
        viewer = Operator.who_may("view_reconciliation")
        assert "but not ask for a new look" in viewer.see("reconciliation/")
        assert viewer.client.post("/admin/reconciliation/ask/").status_code == 403
        assert not Reconciliation.objects.exists()


class TestABrokenInvariant:
    def test_is_in_the_health_strip_and_among_the_metrics(self, boss, bought, client):
        sql("reservations", "UPDATE reservations_claim SET ended_at = now()")
        looked(["S", "L"])
        assert "broken: S" in boss.see("")
        told = client.get("/metrics").content.decode()
        assert 'invariant_violations{letter="S"} 1.0' in told and 'invariant_violations{letter="L"} 0.0' in told
