"""Small pictures of numbers over time, made on the server.

Pictures stretch to any width, so they hold shapes only; words and numbers stand beside them in HTML.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.formats import date_format, number_format
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

WIDE, HIGH = 2, 40  # of a step, and of the picture, in its own units
DAY = timedelta(days=1)


def figure(number) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """values: one for each step of time, None where nothing was measured. limit: a line to compare with."""

    name: str
    label: str
    begins: datetime
    step: timedelta
    values: list
    limit: int | None = None
    bars: bool = False

    height = HIGH

    @property
    def width(self):
        return WIDE * len(self.values)

    @property
    def ends(self):
        return self.begins + len(self.values) * self.step

    @cached_property
    def measured(self):
        return [value for value in self.values if value is not None]

    @cached_property
    def top(self) -> int:
        """What the upper edge stands for. The limit counts unless it would press everything flat."""
        most = max(self.measured, default=0)
        return max(most, self.limit if self.limit and self.limit <= 4 * most else 0, 1)

    @property
    def limit_line(self):
        return self._y(self.limit) if self.limit is not None and self.limit <= self.top else None

    @property
    def lines(self):
        """Each run of measured steps as the points of a line, and of the area below it."""
        for run in self._runs():
            points = " ".join(f"{WIDE * i + 1},{self._y(value)}" for i, value in run)
            yield {"line": points, "area": f"{WIDE * run[0][0] + 1},{HIGH} {points} {WIDE * run[-1][0] + 1},{HIGH}"}

    @property
    def columns(self):
        """Each measured step: where it is, how high, and what it says when it is pointed at."""
        for i, value in enumerate(self.values):
            if value is not None:
                y = self._y(value)
                yield {
                    "x": WIDE * i,
                    "y": y,
                    "height": f"{HIGH - float(y):.2f}",
                    "said": f"{self.clock(i)}: {figure(value)}",
                }

    @property
    def hours(self) -> list[str]:
        """What stands below the picture: its begin, its middle and its end."""
        return [self.clock(0), self.clock(len(self.values) / 2), self.clock(len(self.values))]

    @property
    def in_words(self) -> str:
        told = {"what": self.label, "begins": self.clock(0), "ends": self.clock(len(self.values))}
        if not self.measured:
            return _("%(what)s: nothing was measured from %(begins)s to %(ends)s.") % told
        most = max(self.measured)
        told |= {
            "last": figure(self.measured[-1]),
            "most": figure(most),
            "time": self.clock(self.values.index(most)),
            "least": figure(min(self.measured)),
        }
        words = _("%(what)s: %(last)s at last; from %(begins)s on at most %(most)s (%(time)s), at least %(least)s.")
        return words % told

    def clock(self, steps) -> str:
        """The time so many steps after the beginning, as exactly as it can be told apart."""
        whole_days = len(self.values) * self.step > 2 * DAY
        return date_format(localtime(self.begins + steps * self.step), "m-d H:i" if whole_days else "H:i")

    def _y(self, value):
        return f"{HIGH - HIGH * value / self.top:.2f}"

    def _runs(self):
        run = []
        for i, value in enumerate(self.values):
            if value is not None:
                run.append((i, value))
            elif run:
                yield run
                run = []
        if run:
            yield run
