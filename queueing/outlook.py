"""How long it will take, and when to ask again. Pure arithmetic on what the last tick measured."""

import math
from dataclasses import dataclass
from typing import NamedTuple

SOON = 2  # seconds: a free slot is taken at the next tick, and the fan asks a moment later
ENOUGH = 5  # departures needed before they say anything about pace
POLLS_PER_SECOND = 500  # the nearest fans ask every second, those behind so that each further 500 add less than one
SLOWEST_POLL = 60
ACTIVE_POLL = 10


class Eta(NamedTuple):
    """Seconds until the fan is let in, from and to."""

    low: int
    high: int


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Limits, and what the last tick measured.

    slots: free now. pace: admitted in the last 60 s. departed: slots given back in the last minutes.
    busy_ms: the slot time, summed over all slots, in which they were.
    """

    max_active: int
    per_minute: int
    slots: int
    pace: int
    departed: int
    busy_ms: int

    @classmethod
    def of(cls, reply):
        """What a backend's reply tells; the pace that is allowed is the share of it that the shop can take."""
        return cls(
            max_active=reply.max_active,
            per_minute=allowed(reply.per_minute, share=reply.inflow),
            slots=reply.slots,
            pace=reply.pace,
            departed=reply.departed,
            busy_ms=reply.busy_ms,
        )

    def eta(self, *, ahead) -> Eta | None:
        """The later of what both limits allow; None while too little has been measured."""
        if not self.max_active or not self.per_minute:
            return None
        by_minute, by_slots = self._by_minute(ahead + 1), self._by_slots(ahead + 1)
        return by_slots and Eta(max(by_minute.low, by_slots.low), max(by_minute.high, by_slots.high))

    def _by_minute(self, position):
        """The minute's allowance comes back within the minute, at its start or at its end."""
        minutes = math.ceil(max(0, position - max(0, self.per_minute - self.pace)) / self.per_minute)
        return Eta(60 * max(0, minutes - 1), 60 * minutes + SOON)

    def _by_slots(self, position):
        """Each slot comes back after the measured mean stay, give or take two standard errors of the count."""
        lacking = position - self.slots
        if lacking <= 0:
            return Eta(0, SOON)
        if self.departed < ENOUGH or not self.busy_ms:
            return None
        seconds = lacking * self.busy_ms / 1000 / self.departed / self.max_active
        error = 2 / math.sqrt(self.departed)
        return Eta(math.floor(seconds / (1 + error)), math.ceil(seconds / (1 - error)) + SOON)


def allowed(per_minute, *, share) -> int:
    """How many may come in a minute: never more than the operators' limit, and never none unless that is none."""
    return min(per_minute, max(1, int(per_minute * share)))


def poll_after(*, ahead, number, grace_seconds, at_least=1) -> int:
    """Seconds until a waiting fan should ask again: 1 near the front, longer far back, always well within the grace.

    Fans with neighbouring numbers are spread over a quarter of the interval.
    """
    seconds = max(at_least, ahead / POLLS_PER_SECOND)
    spread = 1 + (number * 0.618034 % 1) / 4
    return max(1, round(min(seconds * spread, SLOWEST_POLL, grace_seconds / 4)))
