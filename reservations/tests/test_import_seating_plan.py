import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from reservations.models import Concert, Performance, SeatingPlan, Venue

PLANS = Path(__file__).parent / "plans"

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def run():
    """Runs the command for the venue Olympic Hall and answers what it printed."""

    def run(file, **options):
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command("import_seating_plan", str(file), venue="Olympic Hall", stdout=out, stderr=err, **options)
        except CommandError as error:
            error.printed = err.getvalue().splitlines()
            raise
        return out.getvalue().splitlines()

    return run


def standard_input(monkeypatch, content):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


def stored():
    return [(str(plan), len(plan.layout["seats"])) for plan in SeatingPlan.objects.all()]


def lay_out(plan):
    """Seats for sale in a performance."""
    concert = Concert.objects.create(title="Spring", artist="Four Seasons")
    times = {name: now() + timedelta(days=n) for n, name in enumerate(("sales_open_at", "sales_close_at", "starts_at"))}
    performance = Performance.objects.create(concert=concert, plan=plan, **times)
    performance.lay_out(prices={grade["name"]: 100 for grade in plan.layout["grades"]})


class TestImportingASeatingPlan:
    def test_stores_it_for_a_venue_that_it_creates(self, run):
        said = run(PLANS / "theatre.json")
        assert stored() == [("Olympic Hall: Small theatre", 4)]
        assert said[-2:] == [
            'The venue "Olympic Hall" was created, in the time zone Asia/Seoul.',
            'The plan "Small theatre" was stored.',
        ]

    def test_uses_the_venue_that_is_there(self, run):
        Venue.objects.create(name="Olympic Hall", time_zone="Asia/Tokyo")
        assert run(PLANS / "theatre.json")[-1] == 'The plan "Small theatre" was stored.'
        assert Venue.objects.get().time_zone == "Asia/Tokyo"

    def test_tells_the_seats_per_grade_and_section(self, run):
        assert run(PLANS / "theatre.json")[:6] == [
            "4 seats in 2 sections",
            "       1  R",
            "       2  S",
            "       1  Standard",
            "       3  section Stalls (R 1, S 1, Standard 1)",
            "       1  section Balcony (S 1)",
        ]

    def test_names_it_as_told(self, run):
        run(PLANS / "theatre.json", name="Summer")
        assert stored() == [("Olympic Hall: Summer", 4)]
        assert SeatingPlan.objects.get().layout["name"] == "Summer"

    def test_names_a_csv_after_its_file(self, run):
        run(PLANS / "theatre.csv")
        assert stored() == [("Olympic Hall: theatre", 3)]

    @pytest.mark.parametrize(("file", "seats"), [("theatre.json", 4), ("theatre.csv", 3)])
    def test_reads_standard_input_and_sees_its_format(self, run, monkeypatch, file, seats):
        standard_input(monkeypatch, (PLANS / file).read_bytes())
        run("-", name="Piped")
        assert stored() == [("Olympic Hall: Piped", seats)]

    def test_takes_the_format_as_told(self, run, tmp_path):
        file = tmp_path / "plan.txt"
        file.write_bytes((PLANS / "theatre.csv").read_bytes())
        run(file, format="csv")
        assert stored() == [("Olympic Hall: plan", 3)]


class TestABadSeatingPlan:
    @pytest.mark.parametrize(("file", "faults"), [("broken.json", 22), ("broken.csv", 8)])
    def test_is_refused_with_each_fault_on_a_line(self, run, file, faults):
        with pytest.raises(CommandError, match=f"{faults} faults in .*; nothing was changed") as caught:
            run(PLANS / file)
        assert len(caught.value.printed) == faults
        assert not Venue.objects.exists() and not SeatingPlan.objects.exists()

    def test_may_be_no_file(self, run):
        with pytest.raises(CommandError, match="none.json can't be read: No such file"):
            run("none.json")

    @pytest.mark.parametrize("name", ["x" * 201, " "])
    def test_may_have_a_name_that_is_none(self, run, name):
        with pytest.raises(CommandError, match="^name: "):
            run(PLANS / "theatre.json", name=name)
        assert not Venue.objects.exists()


class TestASecondPlanOfTheSameName:
    def test_is_refused(self, run):
        run(PLANS / "theatre.json")
        with pytest.raises(CommandError, match='has a plan "Small theatre" already'):
            run(PLANS / "theatre.csv", name="Small theatre")
        assert stored() == [("Olympic Hall: Small theatre", 4)]

    def test_replaces_the_first_if_told_so(self, run):
        run(PLANS / "theatre.json")
        said = run(PLANS / "theatre.csv", name="Small theatre", replace=True)
        assert said[-1] == 'The plan "Small theatre" was replaced.'
        assert stored() == [("Olympic Hall: Small theatre", 3)]

    def test_is_a_plan_of_its_own_at_another_venue(self, run):
        run(PLANS / "theatre.json")
        call_command("import_seating_plan", str(PLANS / "theatre.json"), venue="Club", stdout=io.StringIO())
        assert stored() == [("Club: Small theatre", 4), ("Olympic Hall: Small theatre", 4)]

    def test_replaces_no_plan_with_seats_for_sale(self, run):
        run(PLANS / "theatre.json")
        lay_out(SeatingPlan.objects.get())
        with pytest.raises(CommandError, match="is the plan of 1 performance"):
            run(PLANS / "theatre.csv", name="Small theatre", replace=True)
        assert stored() == [("Olympic Hall: Small theatre", 4)]


class TestADryRun:
    def test_tells_what_it_would_do_and_does_nothing(self, run):
        said = run(PLANS / "theatre.json", dry_run=True)
        assert said[0] == "4 seats in 2 sections"
        assert said[-1] == 'The plan "Small theatre" would be stored.'
        assert not Venue.objects.exists() and not SeatingPlan.objects.exists()

    def test_finds_the_plan_that_is_there(self, run):
        run(PLANS / "theatre.json")
        with pytest.raises(CommandError, match="already"):
            run(PLANS / "theatre.json", dry_run=True)
