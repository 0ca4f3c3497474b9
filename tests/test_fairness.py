"""The draw as anybody sees it: on its page, and by the program that needs none of ours."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from queueing import draw
from queueing.models import Room
from tests.pages import Pages

SEED = "0123456789abcdef" * 4
DOCS = Path(settings.BASE_DIR) / "docs" / "fairness.md"
PROGRAM = Path(settings.BASE_DIR) / "static" / "fairness.py"


@pytest.fixture
def path(world):
    return f"/concerts/{world.concert.pk}/waiting-room/fairness"


@pytest.fixture
def drawn(world, path):
    return prepare(world, draw_first=1000, draw_last=3000) and path


def prepare(world, **drawn):
    return Room.objects.filter(pk=world.room.pk).update(seed=SEED, **drawn)


class TestThePageBeforeTheDraw:
    def test_shows_the_fingerprint_to_anybody(self, world, path):
        prepare(world)
        page = Pages().get(path)
        assert page.status_code == 200 and page.path == path
        assert draw.commitment(SEED) in page.text

    def test_never_shows_the_seed(self, world, path):
        prepare(world)
        page = Pages().get(f"{path}?ticket=1")
        assert SEED not in page.text and "Show my number" not in page.text

    def test_says_where_there_is_no_waiting_room(self, world, path):
        Room.objects.all().delete()
        assert "no waiting room yet" in Pages().get(path).text

    def test_is_404_for_a_concert_that_does_not_exist(self, path):
        assert Pages().get("/concerts/00000000-0000-0000-0000-000000000000/waiting-room/fairness").status_code == 404


class TestThePageAfterTheDraw:
    def test_shows_all_that_the_numbers_follow_from(self, drawn):
        page = Pages().get(drawn)
        for told in (SEED, draw.commitment(SEED), "1,001 to 3,000", "2,000 tickets took part"):
            assert told in page.text

    @pytest.mark.parametrize("written", ["1234", "1,234", " 1234 "])
    def test_computes_a_tickets_number(self, drawn, written):
        number = draw.number_of(1234, seed=SEED, first=1000, last=3000)
        page = Pages().get(f"{drawn}?ticket={written}")
        assert f'<strong class="number" data-ours>{number:,}</strong>' in page.text

    @pytest.mark.parametrize("written", ["1000", "3001", "0", "-5", "9" * 30, "9" * 5000])
    def test_names_the_range_to_any_other_number(self, drawn, written):
        page = Pages().get(f"{drawn}?ticket={written}")
        assert page.status_code == 200 and "data-ours" not in page.text
        assert "among the tickets 1,001 to 3,000" in page.text or len(written) == 5000

    @pytest.mark.parametrize("written", ["", "x", "12.5", "%00", "１２３x", "<script>"])
    def test_asks_for_digits(self, drawn, written):
        page = Pages().get(f"{drawn}?ticket={written}")
        assert page.status_code == 200 and "field-wrong" in page.text and "data-ours" not in page.text
        assert "<script>" not in page.text.partition("<main")[2]

    def test_needs_no_number_where_nobody_came(self, world, path):
        prepare(world, draw_first=7, draw_last=7)
        assert "nothing to draw" in Pages().get(f"{path}?ticket=7").text

    def test_works_while_redis_is_away(self, drawn, settings):
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
        assert "data-ours" in Pages().get(f"{drawn}?ticket=1001").text


class TestTheDrawOfAConcertByApi:
    def test_is_for_anybody(self, world, drawn):
        told = Pages().client.get(f"/api/v1/waiting-rooms/{world.concert.pk}/draw").json()
        assert told == {"commitment": draw.commitment(SEED), "seed": SEED, "first": 1000, "last": 3000}

    def test_is_404_where_there_is_no_concert(self, world):
        assert Pages().client.get(f"/api/v1/waiting-rooms/{world.room.pk:032x}/draw").status_code == 404


class TestTheProgramInTheDocumentation:
    @pytest.fixture
    def program(self, tmp_path):
        """As somebody copies it out of the page."""
        (text,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S)
        copied = tmp_path / "fairness.py"
        copied.write_text(text)
        return copied

    def run(self, program, *words):
        command = [sys.executable, "-I", str(program), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    @pytest.mark.parametrize(
        ("first", "last", "ticket"), [(0, 1, 1), (0, 10, 7), (1000, 3000, 1234), (5, 1_000_005, 6), (0, 2**40, 2**40)]
    )
    def test_gives_the_numbers_that_we_give(self, program, first, last, ticket):
        number = draw.number_of(ticket, seed=SEED, first=first, last=last)
        said = self.run(program, SEED, first, last, ticket)
        assert said.stdout == f"Fingerprint: {draw.commitment(SEED)} Number: {number}\n"

    @pytest.mark.parametrize("ticket", [1000, 3001])
    def test_refuses_a_ticket_of_another_draw(self, program, ticket):
        said = self.run(program, SEED, 1000, 3000, ticket)
        assert said.returncode == 1 and "from 1001 to 3000" in said.stderr

    def test_is_the_one_that_the_page_offers(self, program):
        assert program.read_text() == PROGRAM.read_text()
