"""A purchase on a phone, in a real browser, with the waiting room, the map and the countdown alive."""

import re

from playwright.sync_api import expect

from queueing.ticks import tick_rooms
from reservations.models import Reservation


class TestAPurchaseOnAPhone:
    def test_leads_from_the_sign_up_to_the_ticket(self, world, live_server, page):
        complaints = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))

        self.sign_up(page, live_server)
        self.wait_in_line(page, world)
        self.choose_two_seats(page)
        self.charge_and_pay(page)

        expect(page.get_by_text("Booked")).to_be_visible()
        ticket = page.get_by_alt_text("QR code of your ticket")
        assert ticket.evaluate("image => image.complete && image.naturalWidth > 0")
        assert Reservation.objects.get().status == "CONFIRMED"
        assert not complaints  # nor does the Content-Security-Policy have any

    def sign_up(self, page, live_server):
        page.goto(f"{live_server.url}/sign-up")
        page.get_by_label("E-mail address").fill("dana@example.com")
        page.get_by_label("Name").fill("Dana")
        page.get_by_label("Password").fill("kettle-orbit-42")
        page.locator("main").get_by_role("button", name="Sign up").click()
        page.get_by_role("link", name="Night Flight").first.click()

    def wait_in_line(self, page, world):
        page.get_by_role("link", name="Choose seats").click()
        page.get_by_role("button", name="Join the line").click()
        expect(page.get_by_text("you are next")).to_be_visible()
        tick_rooms()
        page.wait_for_url(re.compile(f"/performances/{world.performance.pk}$"))  # by itself

    def choose_two_seats(self, page):
        for number in (1, 2):
            page.get_by_role("checkbox", name=re.compile(f"row A, seat {number}, .* free")).tap()
        expect(page.get_by_text("200,000 P", exact=True)).to_be_visible()
        page.get_by_role("button", name="Hold these seats").click()

    def charge_and_pay(self, page):
        expect(page.get_by_role("timer")).to_have_text(re.compile(r"^[45]:\d\d$"))
        page.get_by_role("button", name="Charge").click()
        page.get_by_role("button", name="Pay 200,000 P").click()
        page.wait_for_url(re.compile(r"/reservations/[0-9a-f-]+$"))
