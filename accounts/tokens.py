"""The signed bearer token: whose it is and until when, for whoever has no time to ask the database. Pure."""

import base64
import binascii
import functools
import hashlib
import hmac
import secrets
import struct
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

SALT = b"accounts.token:"
CONTENT = struct.Struct(">16sI20s")  # the account, the end in Unix seconds, what nobody can guess
SIGNATURE = 32


def issue(*, account_id, expires_at) -> str:
    """A new one each time, fit for a header. Holds until the whole second before `expires_at`."""
    content = CONTENT.pack(account_id.bytes, int(expires_at.timestamp()), secrets.token_bytes(20))
    return base64.urlsafe_b64encode(content + _signature(content)).decode()


class Signed(NamedTuple):
    account_id: UUID
    expires_at: datetime


def read(token) -> Signed | None:
    """What we have signed; None for a token that is not ours. It may have been taken back since."""
    content, signature = _parts(token)
    if len(content) != CONTENT.size or not hmac.compare_digest(signature, _signature(content)):
        return None
    account, end, _random = CONTENT.unpack(content)
    return Signed(UUID(bytes=account), datetime.fromtimestamp(end, tz=UTC))


def _parts(token):
    """Of the one way to write it: a revoked token in another spelling would not be recognised."""
    try:
        signed = base64.urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        return b"", b""
    is_canonical = base64.urlsafe_b64encode(signed).decode() == token
    return (signed[:-SIGNATURE], signed[-SIGNATURE:]) if is_canonical else (b"", b"")


def _signature(content):
    return hmac.digest(_key(settings.SECRET_KEY), content, "sha256")


@functools.lru_cache(maxsize=4)
def _key(secret):
    return hashlib.sha256(SALT + secret.encode()).digest()
