"""What the console knows of a room that only the site can: its concert, and what is left to buy."""

import re
from uuid import uuid4

import pytest
from django.core.cache import cache

from queueing.models import Room
from queueing.ticks import tick_rooms
from reservations.models import Concert
from tests.operators import Operator


@pytest.fixture
def boss(transactional_db):
    return Operator.superuser()


def words(page):
    """Without tags, each space once."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def tick_afresh(world):
    """With the seats counted now, not a moment ago."""
    cache.delete(f"stock:{world.concert.pk}")
    tick_rooms()


class TestARoom:
    def test_goes_by_the_title_of_its_concert(self, boss, world):
        for page in ("queueing/room/", f"queueing/room/{world.room.pk}/live/"):
            assert "Night Flight" in boss.see(page)

    def test_is_found_by_the_title_and_by_the_id(self, boss, world):
        for search in ("flight", str(world.concert.pk)):
            assert "Night Flight" in boss.see("queueing/room/", q=search)
        assert "Night Flight" not in boss.see("queueing/room/", q="Sunrise")

    def test_tells_what_is_left_in_each_grade(self, boss, world):
        world.held_by(world.alice)
        tick_afresh(world)
        assert "Seats left 11 R 11" in words(boss.see(f"queueing/room/{world.room.pk}/live/parts/"))

    def test_says_that_it_is_sold_out(self, boss, world):
        for fan, first in [(world.alice, 0), (world.bob, 4), (world.charlie, 8)]:
            world.held_by(fan, *world.seats[first : first + 4])
        tick_afresh(world)
        assert "Seats left Sold out" in words(boss.see(f"queueing/room/{world.room.pk}/live/parts/"))


class TestANewRoom:
    def test_is_off_until_its_levers_are_pulled(self, boss):
        concert = Concert.objects.create(title="Night Flight", artist="The Comets")
        answer = boss.client.post("/admin/queueing/room/add/", {"concert_id": str(concert.pk)}, follow=True)
        assert "Night Flight" in answer.content.decode() and "Schedule …" in answer.content.decode()
        assert Room.objects.get(concert_id=concert.pk).state == "OFF"

    def test_is_for_a_concert_that_is_there(self, boss):
        answer = boss.client.post("/admin/queueing/room/add/", {"concert_id": str(uuid4())})
        assert answer.status_code == 200 and not Room.objects.exists()
