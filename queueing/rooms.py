"""The waiting room's verbs, for fans and for the gate. One account has one place; the backend decides, in one step.

All of them raise RoomUnavailable while the backend is away: nobody is let in by accident. `now` is for tests; else the
backend's clock counts. `token` is a queue token that the fan still has: what a loss has taken away, it brings back.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from api.problems import Conflict, Problem
from queueing import outlook, passes, places
from queueing.backends import RoomUnavailable as RoomUnavailable  # raised by every verb
from queueing.backends import backend
from queueing.backends.reply import REFUSED, UNPROVEN, moment
from queueing.models import Admission, Room
from queueing.places import Place

OFF = Room.State.OFF.value  # the state in which nobody needs a place


class RoomClosed(Conflict):
    default_code = "room_closed"
    default_detail = _("The waiting room is closed.")


class TooManyPlaces(Problem):
    """The address has taken more places than one household, office or school would."""

    status_code, default_code = 429, "throttled"
    default_detail = _("Too many places were taken from your network. Please try again in a moment.")


@dataclass(frozen=True, kw_only=True)
class Front:
    """What anyone may know. serving_number: the highest let in. pace_per_minute: let in during the last minute.

    line: (number, how many are ahead of it) of some who wait. stock: what is left to buy, by kind; None if not known.
    inflow: the share of the pace that the shop can take, slowed_by why it is not all. eta: of who would come now.
    """

    state: str
    serving_number: int
    waiting: int
    active: int
    pace_per_minute: int
    opens_at: datetime | None
    announcement: str
    max_active: int
    per_minute: int
    asks_proof: bool
    line: list
    stock: dict | None
    inflow: float
    slowed_by: str
    delay: places.Delay | None
    eta: outlook.Eta | None

    @property
    def recovering(self) -> bool:
        """Nobody is let in for a moment after a loss, so that all can come back to their places."""
        return self.delay == places.Delay.RECOVERING

    @property
    def sold_out(self) -> bool:
        return self.stock is not None and not any(self.stock.values())


def enter(*, concert_id, account_id, token="", door=None, prove=lambda: None, now=None) -> Place:
    """A place at the end, or the one that the account has (`is_new` tells). Raises RoomClosed, TooManyPlaces.

    After USED or EXPIRED it is a new place. While the room is OFF it is ACTIVE without a number.
    door: (address, places at once, seconds for each further one) to limit what one address may take.
    prove: called before a new place is taken where the room asks for a proof of work; raises if there is none.
    """
    of = {"concert_id": concert_id, "account_id": account_id, "now": now}
    earlier = place(**of, token=token) if token else None
    if earlier and earlier.status in (places.Status.WAITING, places.Status.ACTIVE):
        return earlier
    reply = backend().enter(**of, door=door)
    if reply.status == UNPROVEN:
        prove()
        reply = backend().enter(**of, door=door, proven=True)
    if reply.status == REFUSED:
        raise TooManyPlaces(retry_after=-(-reply.until_ms // 1000))
    found = places.read(reply, concert_id=concert_id, account_id=account_id)
    if found is None:
        raise RoomClosed
    return found


def place(*, concert_id, account_id, token="", now=None) -> Place | None:
    """The account's place, or None. Asking is the heartbeat that keeps it."""
    of = {"concert_id": concert_id, "account_id": account_id}
    reply = backend().place(**of, now=now)
    if token and not reply.status:
        reply = _brought_back(token, reply, now=now, **of)
    return places.read(reply, **of)


def status(*, concert_id, account_id, now=None) -> tuple[str, Place | None]:
    """The room's state and the account's place, for the gate: one question, which keeps only who is in."""
    reply = backend().status(concert_id=concert_id, account_id=account_id, now=now)
    return reply.state, places.read(reply, concert_id=concert_id, account_id=account_id)


def leave(*, concert_id, account_id, now=None) -> bool:
    """Give the place up; a slot comes back at once. Says whether there was one to give up."""
    former = backend().leave(concert_id=concert_id, account_id=account_id, now=now)
    if former and former[0] == places.Status.ACTIVE:
        _end(concert_id=concert_id, account_id=account_id, number=former[1], now=now)
    return former is not None and former[0] in (places.Status.WAITING, places.Status.ACTIVE)


def use(*, concert_id, account_id, number, now=None) -> bool:
    """The fan has paid under that number: USED, and the slot comes back. False when that is not his place any more."""
    of = {"concert_id": concert_id, "account_id": account_id, "number": number}
    used = backend().use(**of, now=now)
    _end(**of, now=now)
    return used


def keep(*, concert_id, account_id, number, until, now=None) -> bool:
    """Keep the slot while a payment runs; never shortens, and ends at the room's longest time. False as for `use`."""
    of = {"concert_id": concert_id, "account_id": account_id, "number": number}
    kept = backend().keep(**of, until=until, now=now)
    if kept:
        Admission.objects.to(**of).update(until=kept)
    return bool(kept)


def give_back(*, concert_id, account_id, number, now=None) -> bool:
    """The payment failed: what was left of the active time when it began is the fan's again. False as for `use`."""
    of = {"concert_id": concert_id, "account_id": account_id, "number": number}
    given = backend().give_back(**of, now=now)
    if given:
        until, was_over = given
        Admission.objects.to(**of).update(until=until, ended_at=None, **({"given_back": True} if was_over else {}))
    return given is not None


def front(*, concert_id) -> Front:
    """What anyone may know of the room."""
    seen = backend().front(concert_id=concert_id)
    known = seen.known
    return Front(
        state=known.state,
        serving_number=seen.served,
        waiting=seen.waiting,
        active=seen.active,
        pace_per_minute=known.pace,
        opens_at=moment(known.opens_at) if known.opens_at else None,
        announcement=seen.announcement,
        max_active=known.max_active,
        per_minute=known.per_minute,
        asks_proof=bool(known.asks_proof),
        line=seen.line,
        stock=seen.stock,
        inflow=known.inflow,
        slowed_by=seen.slowed_by,
        delay=places.delay_of(known),
        eta=places.eta_of(known, ahead=seen.waiting),
    )


def _brought_back(token, reply, *, concert_id, account_id, now):
    """The reply with the place of a pass that was signed before a loss; the reply as it is if there is none to bring.

    Who had been let in is in again without it, by PostgreSQL, or his time is over.
    """
    signed = passes.read_or_none(token)
    if signed is None or not signed.is_for(account_id=account_id, concert_id=concert_id) or signed.epoch >= reply.epoch:
        return reply
    if signed.is_of_no_place:
        return reply
    room = Room.objects.get(concert_id=concert_id)
    number = signed.number or (0 if room.draw_last is None else room.number_of(signed.ticket))
    if number and room.admissions.filter(number=number).exists():
        return reply
    of = {"concert_id": concert_id, "account_id": account_id, "number": number, "ticket": signed.ticket}
    return backend().bring_back(**of, now=now)


def _end(*, now, **of):
    Admission.objects.to(**of).filter(ended_at=None).update(ended_at=now or Now())
