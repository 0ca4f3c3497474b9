"""The question that everybody who waits asks again and again: one query without a lock, written by hand.

The same through the ORM takes several times as long, nearly all of it in building the query.
"""

import json

from django.db import connections

from events import bus
from queueing.backends.database.standing import Standing, read
from queueing.models import KeptPlace, Room

SAID = {"id", "concert_id", "state", "epoch", "asks_proof", "max_active", "per_minute", "grace_seconds", "opens_at"}
OF_ROOM = [field.attname for field in Room._meta.concrete_fields if field.attname in SAID | {"board"}]
OF_PLACE = [field.attname for field in KeptPlace._meta.concrete_fields]
QUERY = f"""
SELECT clock_timestamp(), {", ".join(f"room.{name}" for name in OF_ROOM)},
       (SELECT count(*) FROM queueing_keptplace before
         WHERE before.room_id = place.room_id AND before.status = 'WAITING' AND before.number < place.number),
       {", ".join(f"place.{name}" for name in OF_PLACE)}
  FROM queueing_room room
  LEFT JOIN queueing_keptplace place ON place.room_id = room.id AND place.account_id = %s
 WHERE room.concert_id = %s
"""  # noqa: S608 - names of fields


def look(concert_id, account_id, *, now) -> tuple[Standing, KeptPlace | None]:
    """How the room stands, and the account's place in it."""
    using = bus.home(Room)
    with connections[using].cursor() as cursor:
        cursor.execute(QUERY, [account_id, concert_id])
        row = cursor.fetchone()
    if row is None:
        return read(concert_id, now=now), None
    clock, *of_room = row[: len(OF_ROOM) + 1]
    ahead, *of_place = row[len(OF_ROOM) + 1 :]
    room = Room.from_db(using, OF_ROOM, of_room)
    room.board = json.loads(room.board)
    return Standing(room, now=now or clock), _place(using, of_place, ahead)


def _place(using, values, ahead):
    """None where the join found none."""
    if values[0] is None:
        return None
    place = KeptPlace.from_db(using, OF_PLACE, values)
    place.ahead = ahead
    return place
