import base64
import hashlib
import hmac
import secrets
import struct
import time
from datetime import timedelta
from urllib.parse import quote, urlencode

from django.db import models
from django.db.models.functions import Greatest, Now

from accounts.models.user import User

STEP = 30  # seconds that a code holds
DIGITS = 6
TRIES, EACH = 10, timedelta(minutes=3)  # so many wrong codes at once, and then one in so long


def new_secret() -> str:
    return base64.b32encode(secrets.token_bytes(20)).decode()


class Authenticator(models.Model):
    """An operator's second factor: an app on a phone that shares a secret with us and computes codes (RFC 6238).

    It is in no page of the console; `manage.py second_factor` makes and removes it.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="authenticator")
    secret = models.CharField(max_length=64, default=new_secret, editable=False)
    last_step = models.PositiveBigIntegerField(default=0, editable=False)  # a code counts once
    tried_until = models.DateTimeField(db_default=Now(), editable=False)  # EACH further by each wrong code
    created_at = models.DateTimeField(db_default=Now())

    def accepts(self, code, *, now=None) -> bool:
        """Whether it is the code of now, of a moment ago or of the next one, and none that was used already.

        After too many wrong ones, wherever they came from, none is accepted for some minutes.
        """
        mine, step = type(self).objects.filter(pk=self.pk), int(now or time.time()) // STEP
        if not self._count_a_try(mine):
            return False
        for each in (step, step - 1, step + 1):
            if hmac.compare_digest(code_at(self.secret, each).encode(), code.encode()):
                return bool(mine.filter(last_step__lt=each).update(last_step=each, tried_until=Now()))
        return False

    def _count_a_try(self, mine) -> bool:
        """Whether there may be one more; counted before it is looked at, so that many at once are no way around."""
        allowed = mine.filter(tried_until__lte=Now() + (TRIES - 1) * EACH)
        return bool(allowed.update(tried_until=Greatest("tried_until", Now()) + EACH))

    @property
    def address(self) -> str:
        """What the app on the phone takes, as a QR code or by hand."""
        issuer = "Concert reservations"
        query = urlencode({"secret": self.secret, "issuer": issuer, "digits": DIGITS, "period": STEP}, quote_via=quote)
        return f"otpauth://totp/{quote(issuer)}:{quote(self.user.email)}?{query}"


def code_at(secret, step) -> str:
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1)
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
