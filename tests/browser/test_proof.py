"""A waiting room that asks for proof of work, entered in a real browser."""

import re

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import expect

from queueing import rooms
from queueing.models import Room


@pytest.fixture(autouse=True)
def cheap(settings):
    settings.QUEUE_PROOF_COST = 40


@pytest.fixture
def dear(settings):
    """Nobody's device gets there."""
    settings.QUEUE_PROOF_COST = 10_000_000


@pytest.fixture
def page_of_the_room(world, live_server, page):
    Room.objects.filter(pk=world.room.pk).update(asks_proof=True)
    sign_in(page, world.alice.user, live_server)
    page.goto(f"{live_server.url}/concerts/{world.concert.pk}/waiting-room")
    return page


def sign_in(page, user, live_server):
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "accounts.backends.PatientBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    page.context.add_cookies([{"name": "sessionid", "value": session.session_key, "url": live_server.url}])


def place_of(world):
    return rooms.place(concert_id=world.concert.pk, account_id=world.alice.user.pk)


def join(page):
    return page.get_by_role("button", name="Join the line")


class TestAPhone:
    def test_solves_the_task_and_is_in_line(self, page_of_the_room, world):
        page, complaints = page_of_the_room, []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        join(page).tap()
        expect(page.get_by_text("you are next")).to_be_visible()
        assert place_of(world).number == 1
        assert not complaints  # nor does the Content-Security-Policy have any

    def test_can_be_told_to_stop(self, dear, page_of_the_room, world):
        page = page_of_the_room
        join(page).tap()
        expect(page.get_by_role("progressbar", name="How far your device is")).to_be_visible()
        page.get_by_role("button", name="Cancel").tap()
        expect(page.get_by_role("status").get_by_text("You have not joined the line.")).to_be_visible()
        expect(join(page)).to_be_focused()
        assert place_of(world) is None

    def test_can_try_again_when_the_server_was_away(self, page_of_the_room, world):
        page = page_of_the_room
        page.route("**/challenge", lambda route: route.abort())
        join(page).tap()
        expect(page.get_by_text("could not be solved. Please try again.")).to_be_visible()
        page.unroute("**/challenge")
        join(page).tap()
        expect(page.get_by_text("you are next")).to_be_visible()

    def test_that_may_not_compute_says_so(self, page_of_the_room):
        page = page_of_the_room
        page.evaluate("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })")
        join(page).tap()
        expect(page.get_by_text("only on a secure connection")).to_be_visible()


class TestAKeyboard:
    def test_joins_and_cancels(self, dear, page_of_the_room):
        page = page_of_the_room
        join(page).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Cancel")).to_be_focused()
        expect(page.get_by_role("status").get_by_text("Your device is solving the task.")).to_be_visible()
        page.keyboard.press("Enter")
        expect(join(page)).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Cancel")).to_be_focused()


class TestAScreenReader:
    def test_hears_at_each_quarter_how_far_it_is(self, page_of_the_room):
        page = page_of_the_room
        page.evaluate(HEARD)
        page.route("**/waiting-room", lambda route: route.fulfill(status=204))  # the page stays
        join(page).tap()
        expect(page.get_by_role("status").get_by_text("you are joining the line")).to_be_visible()
        heard = page.evaluate("heard")
        assert heard[0] == "Your device is solving the task."
        assert heard[-1] == "The task is solved: you are joining the line."
        assert len(heard) == len(set(heard)) <= 5
        assert all(re.fullmatch(r".* (25|50|75) % done\.", words) for words in heard[1:-1])


HEARD = """() => {
  const status = document.querySelector("[role=status]");
  globalThis.heard = [];
  const listener = new MutationObserver(() => heard.push(status.textContent));
  listener.observe(status, { childList: true });
}"""


class TestABrowserWithoutJavaScript:
    @pytest.fixture
    def browser_context_args(self, browser_context_args):
        return {**browser_context_args, "java_script_enabled": False}

    def test_is_told_what_is_missing_and_why(self, page_of_the_room):
        page = page_of_the_room
        expect(page.get_by_text("Joining this line needs JavaScript, or our app")).to_be_visible()
        expect(join(page)).to_be_hidden()

    def test_joins_a_line_that_does_not_ask(self, page_of_the_room, world, redis):
        page = page_of_the_room
        Room.objects.filter(pk=world.room.pk).update(asks_proof=False)
        redis.flushdb()
        page.reload()
        join(page).tap()
        expect(page.get_by_text("you are next")).to_be_visible()
