"""A room's page in the console, in a real browser: it comes up to date by itself."""

import re

import pytest
from django.test import Client
from playwright.sync_api import expect

from accounts.models import User

EVERY = 5_000  # milliseconds


@pytest.fixture
def room_page(world, live_server, page):
    """As an operator sees it, with a clock that the test turns."""
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", name="Boss"))
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    page.clock.install()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{live_server.url}/admin/queueing/room/{world.room.pk}/live/")
    return page


def waiting(page):
    return page.locator(".console-figures dd").first


class TestARoomsPage:
    def test_comes_up_to_date_by_itself_and_keeps_what_is_open(self, world, room_page):
        expect(waiting(room_page)).to_have_text("0")
        room_page.get_by_text("The same as a table").click()
        world.alice.enter(world.concert)
        room_page.clock.run_for(EVERY)
        expect(waiting(room_page)).to_have_text("1")
        expect(room_page.locator("details#minutes")).to_have_attribute("open", "")
        assert not room_page.complaints  # nor does the Content-Security-Policy have any

    def test_says_how_old_it_is_when_it_could_not(self, world, room_page):
        room_page.route(re.compile("/live/parts/"), lambda route: route.abort())
        room_page.clock.run_for(EVERY)
        expect(room_page.get_by_text(re.compile(r"what is shown is \d+ s old"))).to_be_visible()
        room_page.unroute_all()
        room_page.clock.run_for(2 * EVERY)
        expect(room_page.get_by_text("Could not be brought up to date")).to_be_hidden()

    def test_asks_nothing_while_its_tab_is_hidden(self, world, room_page):
        asked = []
        room_page.on("request", lambda request: "/parts/" in request.url and asked.append(request))
        hide(room_page, hidden=True)
        room_page.clock.run_for(10 * EVERY)
        assert not asked
        with room_page.expect_response(re.compile("/live/parts/")):
            hide(room_page, hidden=False)

    def test_says_that_one_must_sign_in_again(self, world, room_page):
        room_page.context.clear_cookies()
        room_page.clock.run_for(EVERY)
        expect(room_page.get_by_text("Load the page again")).to_be_visible()


def hide(page, *, hidden):
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )
