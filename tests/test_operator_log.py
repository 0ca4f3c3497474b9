"""The operators' log, and what an operator may do."""

import csv
import io

import pytest

from concert_site import roles
from reservations.handles import HANDLES
from tests.operators import RESERVATIONS, Operator, page_of

LOG = "events/operatoraction/"


@pytest.fixture
def noted(bought):
    """Two notes: Olga's, and Kim's, who tries to write a formula."""
    for operator, reason in (("Olga", "she rang"), ("Kim", "=1+1")):
        HANDLES["note"].pull(bought, seen=bought.revision, operator=operator, reason=reason)
    return bought


class TestTheLog:
    def test_says_who_did_what_why_and_what_it_changed(self, boss, bought):
        HANDLES["compensate"].pull(bought, seen=bought.revision, operator="Olga", reason="she rang")
        page = boss.see(LOG, domain=RESERVATIONS)
        for told in ("Olga", "reservation.compensate", "she rang", "status: CONFIRMED → CANCELLED, version: 3 → 4"):
            assert told in page, told

    @pytest.mark.parametrize(
        "query, found",
        [
            ({"operator": "Kim"}, ["=1+1"]),
            ({"operator": "Olga", "action": "reservation.note"}, ["she rang"]),
            ({"action": "reservation.compensate"}, []),
            ({"target_type": "reservation"}, ["=1+1", "she rang"]),
            ({"target_type": "delivery"}, []),
            ({"q": "kim"}, ["=1+1"]),
        ],
    )
    def test_is_filtered_on_the_page_and_in_the_file(self, boss, noted, query, found):
        page = boss.see(LOG, domain=RESERVATIONS, **query)
        assert [reason for reason in ("=1+1", "she rang") if f'field-reason">{reason}' in page] == found
        rows = self.exported(boss, **query)
        assert [row["reason"].lstrip("'") for row in rows] == found

    def test_leaves_no_formula_in_the_file(self, boss, noted):
        HANDLES["note"].pull(noted, seen=noted.revision, operator="Kim", reason=" @SUM(A1)")
        assert [row["reason"] for row in self.exported(boss, operator="Kim")] == ["' @SUM(A1)", "'=1+1"]

    def test_has_before_and_after_in_the_file(self, boss, noted):
        row = self.exported(boss, operator="Olga")[0]
        assert (row["target_id"], row["before"]) == (str(noted.pk), '{"status": "CONFIRMED", "version": 3}')

    def test_that_can_not_be_filtered_so_is_shown_as_a_list_instead(self, boss, noted):
        assert boss.client.get(f"/admin/{LOG}csv/", {"at__gte": "x"}).url == f"/admin/{LOG}"

    def test_is_for_those_who_may_see_it(self, noted):
        Operator.who_may("view_reservation").see(f"{LOG}csv/", status=403)
        assert "she rang" in self.text(Operator.as_a("viewer"))

    def exported(self, who, /, **query):
        return list(csv.DictReader(io.StringIO(self.text(who, **query))))

    def text(self, who, /, **query):
        answer = who.client.get(f"/admin/{LOG}csv/", {"domain": RESERVATIONS} | query)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        return answer.getvalue().decode()


class TestMyPermissions:
    def test_say_in_words_what_each_role_may(self, world):
        page = Operator.as_a("support").see("my-permissions/")
        assert "Your roles: <strong>support</strong>" in page
        row = page.split('<th scope="row">Compensate</th>')[1].split("</tr>")[0]
        assert "may not" in row and "finance, manager" in row
        row = page.split('<th scope="row">Write a note</th>')[1].split("</tr>")[0]
        assert "may not" not in row

    def test_leave_out_nothing_that_some_role_may_do(self, world):
        page = Operator.as_a("finance").see("my-permissions/")
        assert page.count('<th scope="row">') >= len(set(roles.ROLES["manager"]))
        row = page.split('<th scope="row">Can export sales</th>')[1].split("</tr>")[0]
        assert "may not" not in row and "finance, manager" in row
        levers = ["Approve", "Refuse", "Pause", "Resume"]  # each two by one permission
        assert all(f'<th scope="row">{lever}</th>' in page for lever in levers)

    def test_name_those_who_can_give_more(self, boss):
        assert boss.user.email in Operator.who_may().see("my-permissions/")

    def test_agree_with_what_the_page_of_a_thing_offers(self, bought):
        for role in ("viewer", "support", "finance", "manager"):
            operator = Operator.as_a(role)
            page, rights = operator.see(page_of(bought)), operator.see("my-permissions/")
            for verb, handle in HANDLES.items():
                row = rights.split(f'<th scope="row">{handle.label}</th>')[1].split("</tr>")[0]
                lever = page.split(f">{handle.label}")[1].split("</li>")[0]
                assert ("may not" in row) == ("You don&#x27;t have the permission" in lever), (role, verb)
