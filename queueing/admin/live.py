"""What is told of a room on its page, and again every few seconds. Few questions, however many wait."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from events import bus
from events.clock import database_now
from events.models import OperatorAction
from queueing import rooms
from queueing.admin.chart import Chart, chart_of
from queueing.foretelling import figure
from queueing.models import Inflow, Room
from queueing.views import eta_words

ACTIONS = 5


@dataclass(frozen=True, kw_only=True)
class Live:
    """front: None while the room can't be reached."""

    room: Room
    front: rooms.Front | None
    at: datetime
    chart: Chart
    inflow: Inflow
    actions: list

    @classmethod
    def of(cls, room):
        at = database_now(using=bus.home(Room))
        seen = {"front": front_of(room), "chart": chart_of(room, now=at), "inflow": Inflow.current()}
        return cls(room=room, at=at, actions=list(actions_on(room)[:ACTIONS]), **seen)

    @property
    def eta(self) -> str:
        """How long who comes now will wait."""
        if self.front.state != Room.State.OPEN:
            return _("Nobody is let in now.")
        return eta_words(self.front.eta)

    @cached_property
    def seats_left(self) -> int | None:
        stock = self.front.stock
        return None if stock is None else sum(stock.values())

    @property
    def is_slowed(self) -> bool:
        return self.inflow.share < 1

    @property
    def pace(self) -> str:
        """How many the shop can take of what the operators allow, and why."""
        told = {"percent": round(100 * self.inflow.share), "why": self.inflow.get_reason_display()}
        if not self.is_slowed:
            return _("%(percent)d %%: %(why)s.") % told
        told |= {
            "n": figure(int(self.inflow.share * self.room.per_minute)),
            "limit": figure(self.room.per_minute),
            "slow": round(self.inflow.slow_percent),
            "failed": round(self.inflow.failed_percent),
        }
        words = _(
            "%(percent)d %%: %(why)s. %(n)s of %(limit)s a minute; of 100 requests %(slow)d slow, %(failed)d failed."
        )
        return words % told


def front_of(room) -> rooms.Front | None:
    """None while the room can't be reached."""
    try:
        return rooms.front(concert_id=room.concert_id)
    except rooms.RoomUnavailable:
        return None


def actions_on(room):
    """What operators did to the room, the last first."""
    actions = OperatorAction.objects.using(bus.home(Room))
    return actions.filter(target_type="room", target_id=str(room.concert_id))
