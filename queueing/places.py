"""A fan's place in the room, as he is told about it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from queueing import outlook, passes
from queueing.models import Room


class Status(StrEnum):
    WAITING = "WAITING"
    ACTIVE = "ACTIVE"
    USED = "USED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, kw_only=True)
class Place:
    """WAITING until it is ACTIVE, then USED (paid) or EXPIRED (time over; also: stayed away while waiting).

    ahead: how many are let in before. eta: seconds (low, high), None when not known.
    poll_after_seconds: None when there is nothing left to ask. number: None when the room is OFF and nobody needs one.
    """

    concert_id: UUID
    account_id: UUID
    number: int | None
    status: Status
    ahead: int = 0
    eta: outlook.Eta | None = None
    poll_after_seconds: int | None = None
    active_until: datetime | None = None
    is_new: bool = False

    @property
    def is_active(self) -> bool:
        return self.status == Status.ACTIVE

    @property
    def key(self) -> str:
        """What other apps call this place by."""
        return f"{self.concert_id}:{self.number}"

    @property
    def token(self) -> str | None:
        """The pass for the gate; None when there is nothing to show."""
        if self.number is None or self.status not in (Status.WAITING, Status.ACTIVE):
            return None
        return passes.issue(
            account_id=self.account_id,
            concert_id=self.concert_id,
            number=self.number,
            active_until=self.active_until,
        )


def number_of(key) -> int:
    """The number in a place's key."""
    return int(key.rpartition(":")[2])


def not_needed(*, concert_id, account_id) -> Place:
    """What everybody has while the room is OFF."""
    return Place(concert_id=concert_id, account_id=account_id, number=None, status=Status.ACTIVE)


def read(reply, *, concert_id, account_id) -> Place | None:
    """The place in a script's answer (see `answer` in lua/_room.lua); None if it holds none."""
    if len(reply) == 1:
        return None
    state, number, status, until_ms, is_new, ahead, now_ms, *known = reply
    status = Status(status.decode())
    return Place(
        concert_id=concert_id,
        account_id=account_id,
        number=number,
        status=status,
        ahead=ahead,
        active_until=moment(until_ms) if status == Status.ACTIVE else None,
        is_new=bool(is_new),
        **_outlook(state.decode(), status, number, ahead, now_ms, known),
    )


def _outlook(state, status, number, ahead, now_ms, known):
    if status == Status.ACTIVE:
        return {"eta": outlook.Eta(0, 0), "poll_after_seconds": outlook.ACTIVE_POLL}
    if status != Status.WAITING:
        return {}
    max_active, per_minute, grace_ms, opens_at, slots, pace, departed, busy_ms = (int(float(n or 0)) for n in known)
    flow = outlook.Flow(
        max_active=max_active, per_minute=per_minute, slots=slots, pace=pace, departed=departed, busy_ms=busy_ms
    )
    return {
        "eta": flow.eta(ahead=ahead) if state == Room.State.OPEN else None,
        "poll_after_seconds": outlook.poll_after(
            ahead=ahead, number=number, grace_seconds=grace_ms / 1000, at_least=_calm(state, opens_at - now_ms)
        ),
    }


def _calm(state, opens_in_ms):
    """Seconds between questions while nobody is let in: many when the opening is far, one when it is near."""
    if state == Room.State.OPEN:
        return 1
    return 5 if opens_in_ms <= 0 else min(30, opens_in_ms / 10_000)


def moment(milliseconds) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
