"""The signed bearer token: whose it is and until when, for whoever has no time to ask the database. Pure."""

import secrets
import struct
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from api.seals import Seal

SEAL = Seal("accounts.token:")
CONTENT = struct.Struct(">16sI20s")  # the account, the end in Unix seconds, what nobody can guess


def issue(*, account_id, expires_at) -> str:
    """A new one each time, fit for a header. Holds until the whole second before `expires_at`."""
    return SEAL.put_on(CONTENT.pack(account_id.bytes, int(expires_at.timestamp()), secrets.token_bytes(20)))


class Signed(NamedTuple):
    account_id: UUID
    expires_at: datetime


def read(token) -> Signed | None:
    """What we have signed; None for a token that is not ours. It may have been taken back since."""
    content = SEAL.take_off(token)
    if content is None or len(content) != CONTENT.size:
        return None
    account, end, _random = CONTENT.unpack(content)
    return Signed(UUID(bytes=account), datetime.fromtimestamp(end, tz=UTC))
