"""Where places are kept. Each backend is a module with the same verbs; `settings.QUEUE_BACKEND` names one.

redis     who waits and who is in stands in Redis; PostgreSQL has settings, numbers promised and admissions.
database  all of it stands in PostgreSQL.

Every verb takes concert_id (or the Room) and `now` for tests, is one atomic step, and may raise RoomUnavailable.

enter(concert_id, account_id, door=None, proven=False)
                                          Reply; a new place at the end unless there is one. UNPROVEN where the room
                                          asks for a proof. door: (address, at once, seconds for each): REFUSED when
                                          that address has taken too many.
place(concert_id, account_id)             Reply; asking is the heartbeat.
status(concert_id, account_id)            Reply; keeps who is in, but nobody who waits.
bring_back(concert_id, account_id, number, ticket)  a place as it was before the store lost it; unless there is one.
leave(concert_id, account_id)             (former status, number), or None.
use / give_back(concert_id, account_id, number), keep(…, until)  truth value: whether that was his place.
admit(room, by, count=0, account_id=None) Admissions made beyond the limits; the next `count`, or that account.
front(concert_id)                         FrontReply.
tick(room, inflow, stock)                 Admissions made, in number order, each a row before its fan may see it.
slots(concert_id)                         (now, {account_id: until}), of who is in; Unix seconds.
given(room)                               the highest number given so far.
follow(room)                              take over the row's settings after its commit; may fail, a tick repeats it.
"""

from importlib import import_module

from django.conf import settings

from queueing.backends.reply import FrontReply as FrontReply
from queueing.backends.reply import Reply as Reply
from queueing.backends.reply import RoomUnavailable as RoomUnavailable


def backend():
    """The module that this deployment has chosen."""
    return import_module(f"queueing.backends.{settings.QUEUE_BACKEND}")
