"""The signed pass that a fan shows at the gate. Pure: no database, no Redis."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.core import signing

SALT = "queueing.pass"


class InvalidPass(Exception):
    """Not signed by us, or not a pass at all."""


@dataclass(frozen=True, kw_only=True)
class Pass:
    """What we have signed. `active_until` is None while the fan waits."""

    account_id: UUID
    concert_id: UUID
    number: int
    active_until: datetime | None

    @property
    def place(self) -> str:
        """What other apps call the place by."""
        return f"{self.concert_id}:{self.number}"

    def is_active(self, *, now) -> bool:
        return self.active_until is not None and now < self.active_until

    def is_for(self, *, account_id, concert_id) -> bool:
        return (self.account_id, self.concert_id) == (account_id, concert_id)


def issue(*, account_id, concert_id, number, active_until=None) -> str:
    """The token, the same one whenever it is asked for; fit for a header or a cookie."""
    until = round(active_until.timestamp() * 1000) if active_until else 0
    return signing.Signer(salt=SALT).sign_object([account_id.hex, concert_id.hex, number, until])


def read(token) -> Pass:
    """What the token says. Raises InvalidPass. Whether it still holds is for the caller to check."""
    try:
        return _pass(*signing.Signer(salt=SALT).unsign_object(token))
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        raise InvalidPass from None


def _pass(account, concert, number, until):
    active_until = datetime.fromtimestamp(until / 1000, tz=UTC) if until else None
    return Pass(account_id=UUID(account), concert_id=UUID(concert), number=number, active_until=active_until)
