"""The draw recomputed in the fan's own browser."""

import random

import pytest
from playwright.sync_api import expect

from queueing import draw
from queueing.models import Room

SEEDS = [draw.new_seed() for _ in range(3)]
SIZES = [1, 2, 3, 4, 5, 16, 17, 100, 1000, 65_536, 65_537, 1_000_000, 2**32 + 1, 2**48]
COMPUTE = """async (asked) => {
  const { numberOf, commitmentOf } = await import("/static/js/draw.js");
  const numbers = asked.map(({ ticket, ...draw }) => numberOf(ticket, draw));
  return [await Promise.all(numbers), await commitmentOf(asked[0].seed)];
}"""


@pytest.fixture
def fairness(world, live_server):
    drawn = {"seed": SEEDS[0], "draw_first": 1000, "draw_last": 13_000}
    Room.objects.filter(pk=world.room.pk).update(**drawn)
    return f"{live_server.url}/concerts/{world.concert.pk}/waiting-room/fairness"


def some_tickets():
    """Of draws of all sizes: the first, the last and some between."""
    for size in SIZES:
        for first in (0, 12_345):
            for ticket in {1, size, *(random.randint(1, size) for _ in range(5))}:
                yield {"ticket": first + ticket, "seed": random.choice(SEEDS), "first": first, "last": first + size}


class TestTheBrowser:
    def test_computes_the_numbers_that_python_computes(self, fairness, page):
        asked = list(some_tickets())
        page.goto(fairness)
        numbers, commitment = page.evaluate(COMPUTE, asked)
        assert numbers == [draw.number_of(**one) for one in asked]
        assert commitment == draw.commitment(asked[0]["seed"])

    def test_says_that_both_are_the_same(self, fairness, page):
        complaints = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(fairness)
        expect(page.get_by_text("computed the fingerprint of this seed: it is the one above")).to_be_visible()
        page.get_by_label("Your draw ticket").fill("1,234")
        page.get_by_role("button", name="Show my number").click()
        number = f"{draw.number_of(1234, seed=SEEDS[0], first=1000, last=13_000):,}"
        expect(page.locator("[data-ours]")).to_have_text(number)
        expect(page.locator("[data-own]")).to_have_text(number)
        expect(page.get_by_text("Computed by your browser")).to_be_visible()
        expect(page.get_by_text("Both are the same.")).to_be_visible()
        assert not complaints

    def test_tells_of_a_number_that_the_server_made_up(self, fairness, page):
        page.route("**/fairness?ticket=*", lambda route: self.lie(route, 'data-number="', 'data-number="9'))
        page.goto(f"{fairness}?ticket=1234")
        expect(page.get_by_text("They are not the same")).to_be_visible()

    def test_tells_of_a_seed_that_was_exchanged(self, fairness, page):
        page.route("**/fairness", lambda route: self.lie(route, SEEDS[0], SEEDS[1]))
        page.goto(fairness)
        expect(page.get_by_text("This draw is not what was promised.")).to_be_visible()

    def test_that_may_not_compute_says_so(self, fairness, page):
        page.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })")
        page.goto(f"{fairness}?ticket=1234")
        expect(page.get_by_text("only on a secure connection")).to_be_visible()
        expect(page.get_by_text("Computed by your browser")).to_be_hidden()

    def lie(self, route, truth, lie):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(truth, lie))
