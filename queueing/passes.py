"""The signed pass that a fan shows at the gate. Pure: no database, no Redis."""

import struct
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.seals import Seal
from queueing.backends.reply import milliseconds, moment

SEAL = Seal("queueing.pass:")
CONTENT = struct.Struct(">B16s16sQQIQ")  # FORMAT, account, concert, number, end of the active time (ms), epoch, ticket
FORMAT = 1


class InvalidPass(Exception):
    """Not signed by us, or not a pass at all."""


@dataclass(frozen=True, kw_only=True)
class Pass:
    """What we have signed. `active_until` is None while the fan waits, `number` 0 before the draw, `ticket` after it.

    epoch: of the room's memory, when it was signed. What a later one does not remember, the pass brings back.
    """

    account_id: UUID
    concert_id: UUID
    number: int
    active_until: datetime | None
    epoch: int = 0
    ticket: int = 0

    @property
    def place(self) -> str:
        """What other apps call the place by."""
        return f"{self.concert_id}:{self.number}"

    @property
    def is_of_no_place(self) -> bool:
        """Signed while the room was off."""
        return self.number == self.ticket == 0

    def is_active(self, *, now) -> bool:
        return self.active_until is not None and now < self.active_until

    def is_for(self, *, account_id, concert_id) -> bool:
        return (self.account_id, self.concert_id) == (account_id, concert_id)


def cookie_name(concert_id) -> str:
    """Pages carry the queue token in this cookie, API clients in the header Queue-Token."""
    return f"queue-token-{concert_id}"


def shown(request, concert_id) -> str:
    """The queue token that comes with a request, or ""."""
    return request.META.get("HTTP_QUEUE_TOKEN") or request.COOKIES.get(cookie_name(concert_id), "")


def issue(*, account_id, concert_id, number, active_until=None, epoch=0, ticket=0) -> str:
    """The token, the same one whenever it is asked for; fit for a header or a cookie."""
    until = milliseconds(active_until) if active_until else 0
    return SEAL.put_on(CONTENT.pack(FORMAT, account_id.bytes, concert_id.bytes, number, until, epoch, ticket))


def read(token) -> Pass:
    """What the token says. Raises InvalidPass. Whether it still holds is for the caller to check."""
    content = SEAL.take_off(token)
    if content is None or len(content) != CONTENT.size or content[0] != FORMAT:
        raise InvalidPass
    _format, account, concert, number, until, epoch, ticket = CONTENT.unpack(content)
    return Pass(
        account_id=UUID(bytes=account),
        concert_id=UUID(bytes=concert),
        number=number,
        active_until=moment(until) if until else None,
        epoch=epoch,
        ticket=ticket,
    )


def read_or_none(token) -> Pass | None:
    """The same for a token that need not be one."""
    try:
        return read(token)
    except InvalidPass:
        return None
