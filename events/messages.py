"""The published language: every fact and request that crosses an app's border.

Plain values only. Fields are only ever added, each with a default, so that old and new code read each other.
Amounts are points, times carry their offset.
"""

import json
import typing
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cache
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

READERS = {
    UUID: UUID,
    datetime: datetime.fromisoformat,
    datetime | None: lambda value: value and datetime.fromisoformat(value),
}


class UnknownMessage(LookupError):
    """An event of a type that this version of the code does not know."""


class UnreadableMessage(ValueError):
    """An event whose data are not what its type has."""

    permanent = True


@dataclass(frozen=True, kw_only=True)
class Message:
    def to_data(self) -> dict:
        """The message as JSON values."""
        return json.loads(json.dumps(asdict(self), cls=DjangoJSONEncoder))

    @classmethod
    def from_data(cls, data: dict) -> typing.Self:
        """The message from JSON values; fields that this version does not know are left out."""
        return cls(**{name: read(data[name]) for name, read in _readers(cls).items() if name in data})


@cache
def _readers(message_type):
    return {f.name: READERS.get(f.type, lambda value: value) for f in fields(message_type)}


def read(*, type: str, data: dict) -> Message:
    """The message of that type. Raises UnknownMessage, UnreadableMessage."""
    if type not in LANGUAGE:
        raise UnknownMessage(type)
    try:
        return LANGUAGE[type].from_data(data)
    except (TypeError, ValueError, AttributeError) as error:
        raise UnreadableMessage(f"{type}: {error}") from error


# --- Said by reservations ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ReservationMessage(Message):
    """What every consumer may want to know of a reservation without asking back."""

    reservation_id: UUID
    user_id: UUID
    concert_id: UUID
    performance_id: UUID
    amount: int
    place: str = ""  # in the waiting room, "<concert>:<number>"; empty when the room was off
    concert_title: str = ""
    starts_at: datetime | None = None
    seats: list[str] = ()  # labels as on the ticket


@dataclass(frozen=True, kw_only=True)
class ReservationHeld(ReservationMessage):
    held_until: datetime


@dataclass(frozen=True, kw_only=True)
class ReservationReleased(ReservationMessage):
    """The fan gave the hold up."""


@dataclass(frozen=True, kw_only=True)
class ReservationExpired(ReservationMessage):
    """The hold's time was over."""


@dataclass(frozen=True, kw_only=True)
class ReservationSubmitted(ReservationMessage):
    """Asks payments to debit the amount; said again when no answer came by the deadline."""

    pay_deadline: datetime


@dataclass(frozen=True, kw_only=True)
class ReservationConfirmed(ReservationMessage):
    confirmed_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReservationFailed(ReservationMessage):
    reason: str


@dataclass(frozen=True, kw_only=True)
class ReservationCancelled(ReservationMessage):
    """Asks payments to give `refund` back and keep `fee`; together they are the amount."""

    refund: int
    fee: int


@dataclass(frozen=True, kw_only=True)
class RefundRequested(ReservationMessage):
    """Asks payments to give all back, or never to take it; said again when no answer came by the deadline."""

    refund: int
    fee: int = 0


# --- Said by payments --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PaymentMessage(Message):
    reservation_id: UUID
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class PointsCaptured(PaymentMessage):
    amount: int


@dataclass(frozen=True, kw_only=True)
class PointsDeclined(PaymentMessage):
    reason: str  # insufficient_points, voided


@dataclass(frozen=True, kw_only=True)
class PointsRefunded(PaymentMessage):
    """`refund` went back to the fan and `fee` stayed; both are 0 when there was nothing to give back."""

    refund: int
    fee: int


@dataclass(frozen=True, kw_only=True)
class PointsCharged(Message):
    charge_id: UUID
    user_id: UUID
    amount: int


LANGUAGE = {name: thing for name, thing in globals().items() if isinstance(thing, type) and issubclass(thing, Message)}
