"""Opening night: payments stands still, a message is poisoned, points come too late; one operator repairs it all.

The operator has a browser and nothing else. E2E_SCREENSHOTS names a directory for a picture of each step.
"""

import os
import re
from pathlib import Path

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from concert_site.tasks import reconcile
from events.models import Delivery
from events.relay import relay
from queueing.models import Room
from reservations import confirmation
from reservations.models import Reservation
from tests.everything import assert_sound, settle
from tests.faults.stories import LATER
from tests.operators import RESERVATIONS, Operator
from tests.world import Fan, make_performance

FANS, EACH = 10, 4  # seats


class Desk:
    """An operator's browser."""

    def __init__(self, page, address):
        self.page, self.address, self.step = page, address, 0
        cookie = Operator.superuser().client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": address}])
        page.set_viewport_size({"width": 1280, "height": 900})
        self.complaints = []
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))

    def see(self, view, *words):
        """A view of the menu, where these words stand."""
        self.page.goto(f"{self.address}/admin/")
        self.page.locator(".console-menu").get_by_role("link", name=view).click()
        self.keep_picture()
        for each in words:
            expect(self.page.get_by_text(each).first).to_be_visible()

    def follow(self, link):
        self.page.get_by_role("link", name=link).first.click()
        self.keep_picture()

    def pull(self, lever):
        """Read what will happen, say why, and do it."""
        self.follow(lever)
        self.confirm()

    def confirm(self):
        self.page.get_by_label("Reason").fill("opening night")
        self.keep_picture()
        self.page.locator(".console-lever-page button.console-lever").click()
        self.keep_picture()

    def keep_picture(self):
        self.step += 1
        if directory := os.environ.get("E2E_SCREENSHOTS"):
            self.page.screenshot(path=Path(directory) / f"evening-{self.step:02}.png", full_page=True)


@pytest.fixture
def desk(world, live_server, page):
    return Desk(page, live_server.url)


@pytest.fixture
def performance(world):
    Room.objects.update(max_active=1000, per_minute=1000)
    return make_performance(world.concert, seats=60)


def sell(world, performance):
    """Forty seats to ten fans, who press Pay."""
    seats = list(performance.seats.order_by("order"))
    for n in range(FANS):
        fan = Fan.sign_up(f"Fan {n}", points=1_000_000)
        world.admit(fan)
        held = fan.hold(performance, *seats[EACH * n : EACH * (n + 1)])
        assert fan.pay(held.json()["id"], world.concert).status_code in (200, 202)
    return list(Reservation.objects.filter(performance=performance).order_by("id"))


def time_passes():
    """Both deadlines, and the one for an answer after all."""
    for n in range(1, 4):
        confirmation.chase(now=now() + n * LATER)


class TestOpeningNight:
    def test_is_repaired_from_the_console_alone(self, world, performance, desk):
        desk.see("Consumers and destinations")
        desk.pull(re.compile("^Pause.* payments$"))
        sold = sell(world, performance)
        settle()
        time_passes()
        world.admit(world.alice)
        assert world.alice.hold(performance, *sold[0].performance.seats.order_by("order")[:1]).status_code == 201

        desk.see(
            "Reservations needing attention",
            f"{FANS} of {FANS}",
            "payments has not said",
            "Payments gets no messages now",
        )
        desk.see("Consumers and destinations", "paused")
        desk.pull(re.compile("^Resume.* payments$"))
        relay()
        self.one_mail_is_poisoned(sold[1])
        settle()
        self.those_whose_seats_were_free_have_them(sold)

        confirmation.chase()
        desk.see("Reservations needing attention", "could not be delivered to E-mail")
        desk.see("Dead letters", "email")
        desk.follow("RelayDied")
        desk.pull(re.compile("^Retry"))
        settle()
        confirmation.chase()
        desk.see("Reservations needing attention", "No reservation needs anybody.")

        desk.see("Reconciliation")
        desk.page.get_by_role("button", name="Look at all now").click()
        reconcile()
        desk.see("Reconciliation", "All hold")
        assert_sound()
        assert not desk.complaints

    def one_mail_is_poisoned(self, reservation):
        """Its worker has died of it again and again."""
        mails = Delivery.objects.using(RESERVATIONS).filter(correlation_id=reservation.pk, consumer="email")
        assert mails.filter(event__type="ReservationFailed").unfinished().update(attempts=99) == 1

    def those_whose_seats_were_free_have_them(self, sold):
        """The points of all were debited late; one had lost a seat, and has his points again."""
        for reservation in sold:
            reservation.refresh_from_db()
        assert [each.status for each in sold] == ["FAILED"] + ["CONFIRMED"] * (FANS - 1)
        assert sold[0].refund == sold[0].amount
