"""A fan's place in the room, as he is told about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.utils.timezone import now

from queueing import outlook, passes
from queueing.backends import Reply
from queueing.backends.reply import moment
from queueing.models import Room

WHILE_OFF = timedelta(minutes=10)  # a room that is put on meanwhile lets who has such a pass by for so long


class Status(StrEnum):
    WAITING = "WAITING"
    ACTIVE = "ACTIVE"
    USED = "USED"
    EXPIRED = "EXPIRED"


class Delay(StrEnum):
    """Why nobody, or fewer than usual, are let in just now."""

    PAUSED = "paused"
    RECOVERING = "recovering"
    SLOWED = "slowed"


@dataclass(frozen=True, kw_only=True)
class Place:
    """WAITING until it is ACTIVE, then USED (paid) or EXPIRED (time over; also: stayed away).

    number: None before the draw, and when the room is OFF and nobody needs one. ticket: for the draw, until then.
    ahead: how many are let in before; None before the draw. eta: seconds (low, high), None when not known.
    poll_after_seconds: None when there is nothing left to ask.
    """

    concert_id: UUID
    account_id: UUID
    number: int | None
    status: Status
    epoch: int = 0
    ticket: int | None = None
    ahead: int | None = 0
    eta: outlook.Eta | None = None
    delay: Delay | None = None
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
        """The pass for the gate; None when there is nothing to show.

        A gate in another deployment can't see that the room is off, so there a pass says it, for a while.
        """
        if self.number is None and self.is_active and "reservations" in settings.ELSEWHERE:
            return passes.issue(
                account_id=self.account_id,
                concert_id=self.concert_id,
                number=0,
                active_until=now() + WHILE_OFF,
            )
        if self.number is self.ticket is None or self.status not in (Status.WAITING, Status.ACTIVE):
            return None
        return passes.issue(
            account_id=self.account_id,
            concert_id=self.concert_id,
            number=self.number or 0,
            active_until=self.active_until,
            epoch=self.epoch,
            ticket=self.ticket or 0,
        )


def number_of(key) -> int:
    """The number in a place's key."""
    return int(key.rpartition(":")[2])


def read(reply: Reply, *, concert_id, account_id) -> Place | None:
    """The place that a backend's reply tells of; None if it tells of none."""
    if reply.state == Room.State.OFF:
        return Place(concert_id=concert_id, account_id=account_id, number=None, status=Status.ACTIVE)
    if not reply.status:
        return None
    status = Status(reply.status)
    return Place(
        concert_id=concert_id,
        account_id=account_id,
        number=reply.number or None,
        ticket=reply.ticket or None,
        status=status,
        epoch=reply.epoch,
        ahead=reply.ahead if reply.ahead >= 0 else None,
        active_until=moment(reply.until_ms) if status == Status.ACTIVE else None,
        is_new=bool(reply.is_new),
        **_outlook(reply, status),
    )


def delay_of(reply: Reply) -> Delay | None:
    if reply.state == Room.State.PAUSED:
        return Delay.PAUSED
    if reply.state != Room.State.OPEN:
        return None
    if reply.now_ms < reply.recover_until:
        return Delay.RECOVERING
    return Delay.SLOWED if reply.inflow < 1 else None


def eta_of(reply: Reply, *, ahead) -> outlook.Eta | None:
    """When somebody with so many ahead is let in; None while nobody is, or too little is known."""
    if reply.state != Room.State.OPEN or ahead < 0 or reply.now_ms < reply.recover_until:
        return None
    return outlook.Flow.of(reply).eta(ahead=ahead)


def _outlook(reply, status):
    if status == Status.ACTIVE:
        return {"eta": outlook.Eta(0, 0), "poll_after_seconds": outlook.ACTIVE_POLL}
    if status != Status.WAITING:
        return {}
    number = reply.number or reply.ticket
    poll_after = outlook.poll_after(
        ahead=reply.ahead if reply.ahead >= 0 else number,
        number=number,
        grace_seconds=reply.grace_ms / 1000,
        at_least=_calm(reply),
    )
    return {"eta": eta_of(reply, ahead=reply.ahead), "delay": delay_of(reply), "poll_after_seconds": poll_after}


def _calm(reply):
    """Seconds between questions while nobody is let in: many when the opening is far, one when it is near."""
    opens_in_ms = reply.opens_at - reply.now_ms
    if reply.state == Room.State.OPEN:
        return 1
    return 5 if opens_in_ms <= 0 else min(30, opens_in_ms / 10_000)
