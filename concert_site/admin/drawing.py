"""A reservation's timeline as it is drawn: a lane for each domain, time going down, messages as arrows between them."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from concert_site.timeline.entry import GOOD, HAND, MONEY, OPEN, TROUBLE, WATCH, Entry
from concert_site.timeline.words import LANES

GAP = timedelta(seconds=2)  # of waiting, that is not drawn to scale but told
SIGNS = {GOOD: "✓", WATCH: "!", OPEN: "…", TROUBLE: "✕", MONEY: "P", HAND: "✎"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the drawing. begins, ends: the lanes, from the left, that its arrow spans; 0 without one."""

    entry: Entry
    lane: int
    begins: int = 0
    ends: int = 0
    direction: str = ""
    gap: str = ""

    @property
    def sign(self):
        return SIGNS[self.entry.mark or self.entry.level]

    @property
    def in_short(self):
        """The sign for those who can't see it."""
        return {GOOD: "", WATCH: _("not as hoped"), OPEN: _("not over yet"), TROUBLE: _("failed")}[self.entry.level]

    @property
    def way(self):
        """From which lane to which."""
        if not self.entry.source:
            return ""
        return f"{LANES[self.entry.source]} → {LANES[self.entry.domain]}"


class Drawing:
    """Of a story's entries, the oldest first."""

    def __init__(self, entries):
        self.entries = entries
        used = {entry.domain for entry in entries} | {entry.source for entry in entries}
        self.domains = [domain for domain in LANES if domain in used]

    @property
    def lanes(self):
        """(domain, its name) from the left."""
        return [(domain, LANES[domain]) for domain in self.domains]

    @property
    def begins(self):
        return self.entries[0].at if self.entries else None

    @cached_property
    def rows(self) -> list[Row]:
        """What is over."""
        past = [entry for entry in self.entries if not entry.is_open]
        befores = [None, *past]
        return [self._row(entry, before) for entry, before in zip(past, befores, strict=False)]

    @cached_property
    def open_rows(self) -> list[Row]:
        """What is not over yet."""
        return [self._row(entry, None) for entry in self.entries if entry.is_open]

    @cached_property
    def traces(self) -> list:
        """(trace id, what it began with) of each request or task that had a part in it."""
        begun = {}
        for entry in self.entries:
            if entry.trace_id:
                begun.setdefault(entry.trace_id, entry.what)
        return list(begun.items())

    def _row(self, entry, before):
        lane, source = self._lane(entry.domain), self._lane(entry.source)
        gap = "" if before is None or entry.at - before.at < GAP else _later(before.at, entry.at)
        if not source:
            return Row(entry=entry, lane=lane, gap=gap)
        direction = "self" if source == lane else "right" if source < lane else "left"
        return Row(
            entry=entry, lane=lane, begins=min(source, lane), ends=max(source, lane), direction=direction, gap=gap
        )

    def _lane(self, domain):
        return self.domains.index(domain) + 1 if domain in self.domains else 0


def _later(before, at):
    """How long nothing happened; with the date, when it is another one."""
    words, date = _length((at - before).total_seconds()), localtime(at).date()
    return words if date == localtime(before).date() else f"{words}, {date_format(date)}"


def _length(seconds):
    if seconds < 60:
        return _("%(n).1f seconds later") % {"n": seconds}
    minutes, seconds = divmod(round(seconds), 60)
    if minutes < 60:
        return _("%(m)d min %(s)d s later") % {"m": minutes, "s": seconds}
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return _("%(h)d h %(m)d min later") % {"h": hours, "m": minutes}
    days = round(hours / 24)
    return ngettext("%(n)d day later", "%(n)d days later", days) % {"n": days}
