"""What every backend answers."""

from datetime import UTC, datetime
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from api.problems import Unavailable

REFUSED = "REFUSED"  # a status of nobody's place: the address has taken too many
UNPROVEN = "UNPROVEN"  # nor of this: the room asks for a proof of work first


class RoomUnavailable(Unavailable):
    """The store of places does not answer. Nobody is let in meanwhile, and nobody loses a place."""

    default_code = "room_unavailable"
    default_detail = _("The waiting room can't be reached. Your place is kept; please try again in a moment.")

    def __init__(self, detail=None, *, code=None, retry_after=2, **extra):
        super().__init__(detail, code=code, retry_after=retry_after, **extra)


class Reply(NamedTuple):
    """The room, and an account's place in it (status "" for none). Times are milliseconds since 1970.

    number is 0 before the draw, ticket 0 for who came after the opening, ahead -1 while that is not known.
    until_ms: end of the active time; of a REFUSED, how long to wait. slots, pace, departed, busy_ms: see outlook.Flow.
    """

    now_ms: int
    state: str
    epoch: int
    asks_proof: int
    recover_until: int
    max_active: int
    per_minute: int
    grace_ms: int
    opens_at: int
    slots: int
    pace: int
    departed: int
    busy_ms: int
    inflow: float
    status: str = ""
    number: int = 0
    ticket: int = 0
    until_ms: int = 0
    is_new: int = 0
    ahead: int = 0


class FrontReply(NamedTuple):
    """The room as anyone may see it. line: (number, how many are ahead of it), a few of those who wait."""

    known: Reply
    waiting: int
    active: int
    served: int
    announcement: str
    line: list
    stock: dict | None
    slowed_by: str


def moment(milliseconds) -> datetime:
    """From the milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def milliseconds(moment) -> int:
    """Since 1970."""
    return round(moment.timestamp() * 1000)
