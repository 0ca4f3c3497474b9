"""An event on the wire: CloudEvents 1.0 as JSON. docs/brokers.md lists the attributes."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from events.models import Event
from events.models.event import Position

VERSION = 1  # of all messages so far: fields are only added
TYPE = re.compile(r"([A-Za-z]+)\.v([0-9]+)")


class Unreadable(ValueError):
    """Not an envelope of ours."""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """One event for one consumer. position: its place among what that consumer gets."""

    event: Event
    consumer: str
    position: Position

    def __str__(self):
        return f"{self.event.type} {self.event.id} for {self.consumer}"

    @property
    def id(self) -> str:
        return str(self.event.id)

    @property
    def key(self) -> str:
        """What belongs to one key stays in order at the broker."""
        return str(self.position.aggregate_id)

    @property
    def author(self) -> str:
        """The domain that it comes from."""
        return self.position.aggregate_type.split(".")[0]

    @cached_property
    def body(self) -> bytes:
        attributes = {name: value for name, value in self._attributes().items() if value is not None}
        return json.dumps(attributes, ensure_ascii=False, separators=(",", ":")).encode()

    def _attributes(self):
        event, place = self.event, self.position
        return {
            "specversion": "1.0",
            "id": str(event.id),
            "source": f"/{self.author}",
            "type": f"{event.type}.v{VERSION}",
            "subject": f"{event.aggregate_type}/{event.aggregate_id}",
            "time": event.occurred_at.isoformat(),
            "datacontenttype": "application/json",
            "partitionkey": self.key,
            "sequence": f"{event.seq:010d}",
            "lane": f"{place.aggregate_type}/{place.aggregate_id}",
            "place": f"{place.seq:010d}",
            "previous": f"{place.prev_seq or 0:010d}",
            "correlationid": str(event.correlation_id),
            "causationid": event.causation_id and str(event.causation_id),
            "traceparent": event.traceparent or None,
            "actor": event.actor,
            "consumer": self.consumer,
            "data": event.data,
        }


def read(body) -> Envelope:
    """The envelope in these bytes, with an event that is not saved anywhere. Raises Unreadable."""
    try:
        attributes = json.loads(body)
        return Envelope(
            event=_event(attributes),
            consumer=_text(attributes["consumer"]),
            position=_position(attributes),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def _event(attributes):
    if attributes["specversion"] != "1.0":
        raise Unreadable(f"specversion {attributes['specversion']}")
    aggregate_type, aggregate_id = _aggregate(attributes["subject"])
    causation_id = attributes.get("causationid")
    return Event(
        id=UUID(attributes["id"]),
        aggregate_type=aggregate_type,
        aggregate_id=aggregate_id,
        seq=int(attributes["sequence"]),
        type=_type(attributes["type"]),
        data=_fields(attributes["data"]),
        correlation_id=UUID(attributes["correlationid"]),
        causation_id=causation_id and UUID(causation_id),
        actor=_text(attributes["actor"]),
        traceparent=attributes.get("traceparent", ""),
        occurred_at=_moment(attributes["time"]),
    )


def _position(attributes):
    aggregate_type, aggregate_id = _aggregate(attributes["lane"])
    return Position(
        aggregate_type=aggregate_type,
        aggregate_id=aggregate_id,
        seq=int(attributes["place"]),
        prev_seq=int(attributes["previous"]),
    )


def _aggregate(text):
    aggregate_type, _slash, aggregate_id = text.rpartition("/")
    return _text(aggregate_type), UUID(aggregate_id)


def _type(text):
    """Of a version that we don't know the name keeps it: nobody here knows such a message, and it is not lost."""
    name, version = TYPE.fullmatch(text).groups()
    return name if int(version) == VERSION else text


def _moment(text):
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise Unreadable("a time without its offset")
    return moment


def _fields(data):
    if not isinstance(data, dict):
        raise Unreadable("its data are no fields")
    return data


def _text(value):
    if not value or not isinstance(value, str):
        raise Unreadable("an attribute that must say something is empty")
    return value
