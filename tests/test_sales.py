"""How a sale goes: in the console, and as a file."""

import csv
import re
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import localdate

from reservations.models import Concert, Reservation
from tests.operators import Operator


@pytest.fixture
def kim(world):
    return Operator.who_may("view_performance", "export_sales")


@pytest.fixture
def sale(world):
    """Of twelve seats Alice bought two, Bob holds one, Charlie bought one and gave it back."""
    world.bought_by(world.alice, *world.seats[:2])
    world.held_by(world.bob, world.seats[2])
    world.charlie.cancel(world.bought_by(world.charlie, world.seats[3]).id)
    return world.performance


def words(page):
    """Without tags, each space once."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def exported(*arguments):
    out = StringIO()
    call_command("export_sales", *arguments, stdout=out, stderr=StringIO())
    return list(csv.DictReader(StringIO(out.getvalue())))


class TestASale:
    def test_is_told_of_a_performance_of_its_concert_and_of_all(self, kim, sale):
        for page in (f"performance/{sale.pk}/", f"concert/{sale.concert_id}/"):
            said = words(kim.see(f"sales/{page}"))
            assert "Sold 2 of 12, 17 % Held 1 Free 9 Revenue 200,000 P" in said
        assert "Night Flight" in kim.see("sales/") and "200,000 P" in kim.see("sales/")

    def test_counts_a_hold_whose_time_is_over_as_free(self, kim, sale):
        Reservation.objects.filter(status="HELD").update(held_until="2020-01-01T00:00Z")
        assert "Sold 2 of 12, 17 % Held 0 Free 10" in words(kim.see(f"sales/performance/{sale.pk}/"))

    def test_tells_what_was_kept_of_cancellations(self, kim, sale):
        Reservation.objects.filter(status="CANCELLED").update(fee=700)
        assert "and 700 P of cancellation fees" in words(kim.see(f"sales/performance/{sale.pk}/"))

    def test_is_drawn_over_time(self, kim, sale):
        for span in ("hour", "day", "all"):
            page = kim.see(f"sales/performance/{sale.pk}/", span=span)
            assert 'aria-label="Seats sold: 2 at last;' in page and 'aria-label="Points: 200,000 at last;' in page

    def test_comes_up_to_date_by_its_parts(self, kim, sale, world):
        world.bought_by(world.alice, world.seats[4])
        for page in ("", f"performance/{sale.pk}/", f"concert/{sale.concert_id}/"):
            assert "300,000 P" in kim.see(f"sales/{page}parts/")

    def test_that_has_not_begun_says_so(self, kim, world):
        empty = Concert.objects.create(title="Later", artist="Nobody")
        assert "There is no performance yet." in kim.see(f"sales/concert/{empty.pk}/")

    def test_is_nobodys_business_without_permission(self, sale):
        for page in ("", f"performance/{sale.pk}/", f"concert/{sale.concert_id}/", "export/"):
            Operator.who_may("view_reservation").see(f"sales/{page}", status=403)


class TestTheExport:
    def test_says_how_large_it_will_be_before_it_is_made(self, kim, sale):
        page = words(kim.see("sales/export/", performance=sale.pk))
        assert "Lines 2" in page and "about 0.0 MB" in page and "Download" in page
        assert "there is nothing to download" in kim.see("sales/export/", until="2020-01-01")

    def test_is_a_line_for_each_reservation_that_was_confirmed(self, kim, sale):
        answer = kim.client.get("/admin/sales/export/", {"performance": sale.pk, "download": "yes"})
        lines = list(csv.DictReader(StringIO(b"".join(answer).decode())))
        assert [(line["status"], line["number"], line["points"], line["refund"]) for line in lines] == [
            ("CONFIRMED", "2", "200000", "0"), ("CANCELLED", "1", "100000", "100000"),
        ]  # fmt: skip
        assert answer["Content-Disposition"] == f'attachment; filename="sales-{localdate():%Y-%m-%d}.csv"'
        assert lines == exported("--performance", str(sale.pk)) == exported()

    def test_is_of_the_days_asked_for(self, sale):
        Reservation.objects.filter(status="CONFIRMED").update(confirmed_at="2026-05-01T23:59:59+09:00")
        assert [line["status"] for line in exported("--from", "2026-05-01", "--to", "2026-05-01")] == ["CONFIRMED"]
        assert [line["status"] for line in exported("--from", "2026-05-02")] == ["CANCELLED"]

    def test_gives_a_spreadsheet_no_formula(self, sale):
        facts = Reservation.objects.get(status="CONFIRMED").facts | {"concert_title": " =1+1", "seats": ["@A 1"]}
        Reservation.objects.filter(status="CONFIRMED").update(facts=facts)
        line = exported()[0]
        assert (line["concert"], line["seats"]) == ("' =1+1", "'@A 1")

    def test_needs_a_permission_of_its_own(self, sale):
        viewer = Operator.who_may("view_performance")
        assert "have the permission to export sales." in viewer.see(f"sales/performance/{sale.pk}/")
        viewer.see("sales/export/", status=403)

    def test_of_a_performance_that_there_is_not_is_refused(self, world):
        with pytest.raises(CommandError, match="There is no such performance"):
            call_command("export_sales", "--performance", str(uuid4()))
