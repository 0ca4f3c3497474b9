"""A reservation's page on a phone: its drawn story is read, opened by keyboard and narrowed."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from accounts.models import User


@pytest.fixture
def story_page(world, bought, live_server, page):
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", name="Boss"))
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{live_server.url}/admin/reservations/reservation/{bought.pk}/change/")
    return page


class TestTheDrawnStory:
    def test_opens_its_details_by_keyboard(self, story_page):
        debited = story_page.locator(".story-row", has_text="100,000 P debited from the fan")
        debited.locator("summary").focus()
        story_page.keyboard.press("Enter")
        expect(debited.get_by_text("Left to the fan: 900,000 P")).to_be_visible()

    def test_shows_the_chosen_domains_only(self, story_page):
        told = story_page.get_by_text("Told the fan: “Your seats are booked”").first
        expect(told).to_be_visible()
        story_page.get_by_label("Messages", exact=True).uncheck()
        expect(told).to_be_hidden()

    def test_fits_a_phone_and_the_policy_has_no_complaint(self, story_page):
        wide, seen = story_page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= seen and not story_page.complaints
