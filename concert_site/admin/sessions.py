"""Whoever sits at the console signs in again now and then: after a pause, after a day's work, in a new browser."""

import time

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import logout
from django.utils.translation import gettext_lazy as _

CONSOLE = "/admin/"
SINCE, SEEN = "console_since", "console_seen"
EVERY = 60  # seconds between two notes of when somebody was seen


class ConsoleSignIn(AdminAuthenticationForm):
    error_messages = AdminAuthenticationForm.error_messages | {
        "invalid_login": _(
            "The e-mail address or the password is wrong, or this is no operator's account. After too many wrong "
            "passwords the right one is not taken either, for some minutes."
        ),
    }


class ConsoleSessionMiddleware:
    """Signs an operator out whose time at the console is over. What a page asks for by itself keeps nobody there."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path.startswith(CONSOLE) and request.user.is_staff:
            self._look_at(request, now=time.time())
        return self.get_response(request)

    def _look_at(self, request, *, now):
        session, signed_in = request.session, request.user.last_login.timestamp()
        since, seen = session.get(SINCE, signed_in), session.get(SEEN, signed_in)  # the first page may come much later
        if now - seen > 60 * settings.CONSOLE_IDLE_MINUTES or now - since > 3600 * settings.CONSOLE_HOURS:
            logout(request)
        elif SINCE not in session:
            session.set_expiry(0)  # until the browser is closed
            session[SINCE], session[SEEN] = signed_in, now
        elif now - seen > EVERY and _is_by_hand(request):
            session[SEEN] = now


def _is_by_hand(request):
    """A browser says so of what somebody clicked; of what a script fetches it says otherwise."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
