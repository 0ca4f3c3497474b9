"""What the last tick measured, as it stands in the room's row."""

from dataclasses import asdict, dataclass, field

SAMPLE_EVERY, SAMPLES = 10_000, 31  # ms between two, and how many are kept: five minutes


@dataclass
class Board:
    """Times are milliseconds since 1970. departed: slots given back so far. busy: slot time so far, of all slots.

    inside: who was in after the last tick. samples: (time, departed, busy), the newest first. The others: see Reply.
    """

    ticked: int = 0
    spare_until: int = 0
    departed: int = 0
    busy: int = 0
    inside: int = 0
    served: int = 0
    slots: int = 0
    pace: int = 0
    departed_lately: int = 0
    busy_lately: int = 0
    inflow: float = 1
    slowed_by: str = ""
    stock: dict | None = None
    line: list = field(default_factory=list)
    samples: list = field(default_factory=list)

    as_json = asdict

    def gap(self, now_ms) -> int:
        """Since the last tick."""
        return max(0, now_ms - self.ticked) if self.ticked else 0

    def is_sparing(self, now_ms, *, grace_ms) -> bool:
        """Nobody loses a place because we were away: after a gap between ticks the grace time begins anew."""
        return self.gap(now_ms) > grace_ms / 2 or now_ms < self.spare_until

    def measure(self, now_ms, *, active, grace_ms):
        """Time has passed since the last tick, in which so many were in."""
        gap = self.gap(now_ms)
        self.busy += round((self.inside + active) / 2 * min(gap, grace_ms / 2))
        if gap > grace_ms / 2:
            self.spare_until = now_ms + grace_ms

    def sample(self, now_ms, *, is_open):
        """How fast slots come back, over five minutes: departures, and the slot time in which they happened."""
        if not is_open:
            self.samples = []
        elif not self.samples or now_ms - self.samples[0][0] >= SAMPLE_EVERY:
            self.samples = [[now_ms, self.departed, self.busy], *self.samples][:SAMPLES]
        _at, departed, busy = self.samples[-1] if self.samples else (0, self.departed, self.busy)
        self.departed_lately, self.busy_lately = self.departed - departed, self.busy - busy
