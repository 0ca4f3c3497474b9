"""The last hour of a room, drawn: one small picture each for who waited, who was in and who was let in.

Pictures stretch to any width, so they hold shapes only; words and numbers stand beside them in HTML.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from queueing.foretelling import figure

MINUTES = 60
WIDE, HIGH = 2, 40  # of a minute, and of the picture, in its own units
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """values: one for each minute, None where nothing was measured. limit: a line to compare with."""

    name: str
    label: str
    begins: datetime
    values: list
    limit: int | None = None
    bars: bool = False

    width, height = WIDE * MINUTES, HIGH

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
        """Each run of measured minutes as the points of a line, and of the area below it."""
        for run in self._runs():
            points = " ".join(f"{WIDE * i + 1},{self._y(value)}" for i, value in run)
            yield {"line": points, "area": f"{WIDE * run[0][0] + 1},{HIGH} {points} {WIDE * run[-1][0] + 1},{HIGH}"}

    @property
    def columns(self):
        """Each measured minute: where it is, how high, and what it says when it is pointed at."""
        for i, value in enumerate(self.values):
            if value is not None:
                y = self._y(value)
                said = f"{clock(self.begins + i * MINUTE)}: {figure(value)}"
                yield {"x": WIDE * i, "y": y, "height": f"{HIGH - float(y):.2f}", "said": said}

    @property
    def in_words(self) -> str:
        if not self.measured:
            return _("%(what)s: nothing was measured during the last hour.") % {"what": self.label}
        most = max(self.measured)
        told = {
            "what": self.label,
            "last": figure(self.measured[-1]),
            "most": figure(most),
            "time": clock(self.begins + self.values.index(most) * MINUTE),
            "least": figure(min(self.measured)),
        }
        return (
            _("%(what)s: %(last)s at last; during the last hour at most %(most)s (%(time)s), at least %(least)s.")
            % told
        )

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


@dataclass(frozen=True, kw_only=True)
class Chart:
    begins: datetime
    ends: datetime
    pictures: list
    rows: list  # of RoomMinute, the newest first: the same as a table

    @property
    def middle(self):
        return self.begins + (self.ends - self.begins) / 2


def chart_of(room, *, now) -> Chart:
    """Of the hour before this minute."""
    ends = now.replace(second=0, microsecond=0)
    begins = ends - MINUTES * MINUTE
    rows = list(room.minutes.filter(at__gte=begins, at__lt=ends).order_by("-at"))
    by_minute = {int((row.at - begins) / MINUTE): row for row in rows}

    def picture(name, label, **more):
        values = [getattr(by_minute.get(i), name, None) for i in range(MINUTES)]
        return Picture(name=name, label=label, begins=begins, values=values, **more)

    return Chart(
        begins=begins,
        ends=ends,
        pictures=[
            picture("waiting", _("Waiting")),
            picture("active", _("In"), limit=room.max_active),
            picture("admitted", _("Let in per minute"), limit=room.per_minute, bars=True),
        ],
        rows=rows,
    )


def clock(moment) -> str:
    return date_format(localtime(moment), "H:i")
