"""Who a fan is, signed for the deployments that cannot look into the accounts' database.

The edge (whatever stands before the deployments) asks for one with the fan's own credentials and hands it on with the
request. It is short-lived, so that signing out is soon known everywhere.
"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core import signing

HEADER = "Account-Pass"
SALT = "accounts.pass"


class InvalidPass(Exception):
    """Not signed by us, or too old."""


@dataclass(frozen=True)
class Holder:
    """As `request.user`, where there are no users."""

    pk: UUID
    is_authenticated = is_active = True
    is_anonymous = is_staff = is_superuser = False

    @property
    def id(self):
        return self.pk


def issue(user) -> str:
    return signing.dumps(user.pk.hex, salt=SALT)


def read(text) -> Holder:
    """Who holds it. Raises InvalidPass."""
    try:
        return Holder(UUID(signing.loads(text, salt=SALT, max_age=settings.ACCOUNT_PASS_SECONDS)))
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        raise InvalidPass from None
