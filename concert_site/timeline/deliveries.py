"""What became of each message at each of its consumers, attempt by attempt."""

from collections import Counter
from itertools import groupby

from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Notification
from concert_site.timeline.entry import OPEN, TROUBLE, WATCH, Entry
from concert_site.timeline.facts import address, app_of, trace_of
from concert_site.timeline.words import CONSUMERS, LANES, MESSAGES, in_words, lane_of
from events.consumers import consumers
from events.homes import home
from events.models import Delivery
from reservations.models import SyncAttempt
from settlement.models import Line

State = Delivery.State


def entries(story):
    shown, homes = _shown_as_effects(story), {each.name: each.home for each in consumers()}
    times = Counter((row.event_id, row.consumer) for row in story.deliveries)
    for row in story.deliveries:
        there = _There(story, row, homes.get(row.consumer, app_of(row.aggregate_type)))
        key = row.event_id, row.consumer
        if key not in shown["attempts"]:
            yield from there.failures()
        if row.state not in (State.DONE, State.DISCARDED):
            yield there.not_over()
        elif times[key] > 1 and row._state.db != home(there.home):
            yield there.forwarded()
        elif row.state == State.DISCARDED or key not in shown["effects"]:
            yield there.over()


def _shown_as_effects(story):
    """(event id, consumer) of what has entries of its own, because the consumer keeps a record."""
    calls = story.rows[SyncAttempt]
    good = [row for row in calls if row.outcome == SyncAttempt.Outcome.SUCCESS]
    effects = {(row.event_id, "data-sync") for row in good}
    effects |= {(row.event_id, "settlement") for row in story.rows[Line]}
    effects |= {(row.event_id, "notifications") for row in story.rows[Notification]}
    return {"effects": effects, "attempts": {(row.event_id, "data-sync") for row in calls}}


class _There:
    """One delivery, at its consumer."""

    def __init__(self, story, row, home):
        self.story, self.row, self.home = story, row, home
        self.told = {
            "what": in_words(MESSAGES, row.event.type),
            "where": in_words(CONSUMERS, row.consumer),
            "n": row.attempts,
        }

    def failures(self):
        """Attempts that took no effect; those that only waited for somebody who was away are one entry."""
        kept = self.row.failures or self._last_failure()
        for _key, group in groupby(kept, key=lambda each: (each["attempt"], each["error"].partition(":")[0])):
            first, *others = list(group)
            yield self._failure(first, others)

    def _failure(self, first, others):
        words = _("“%(what)s” failed at %(where)s, attempt %(n)d")
        if others:
            words += " " + _("(%(times)d times until %(until)s)")
        told = self.told | {"n": first["attempt"], "times": len(others) + 1}
        told["until"] = f"{localtime(parse_datetime(others[-1]['at'])):%H:%M:%S}" if others else ""
        return self._entry(
            at=parse_datetime(first["at"]), what=words % told, level=TROUBLE, kind=_("attempt"), details=first["error"]
        )

    def _last_failure(self):
        """Of a delivery of before failures were kept."""
        row = self.row
        known = row.last_error and row.failed_at and row.state != State.DONE
        error = row.last_error.strip().splitlines()[-1] if known else ""
        return [{"at": row.failed_at.isoformat(), "attempt": row.attempts, "error": error}] if known else []

    def not_over(self):
        words, level = NOT_OVER[self.row.state]
        told = self.told | {"barred": self.story.barred(self.row.consumer)}
        if level == OPEN and told["barred"]:
            words, level = _("“%(what)s” waits: %(barred)s"), WATCH
        since = _("(since %(at)s)") % {"at": f"{localtime(self.row.event.occurred_at):%H:%M:%S}"}
        more = {"level": level, "is_open": True, "details": self.row.last_error}
        return self._entry(at=self.story.at, what=f"{words % told} {since}", **more)

    def over(self):
        if self.row.state == State.DISCARDED:
            words = _("“%(what)s” will have no effect at %(where)s: an operator gave it up")
            return self._entry(at=self.row.failed_at or self.row.event.occurred_at, what=words % self.told, level=WATCH)
        at = self.story.effects.get((self.row.event_id, self.row.consumer), self.row.done_at)
        return self._entry(at=at, what=self._taken(_("%(where)s received “%(what)s”")))

    def forwarded(self):
        """Its consumer's deployment has a delivery of its own."""
        return self._entry(at=self.row.done_at, what=_("“%(what)s” handed to the broker for %(where)s") % self.told)

    def _taken(self, words):
        return (words + (_(", attempt %(n)d") if self.row.attempts > 1 else "")) % self.told

    def _entry(self, *, at, what, kind=None, **more):
        event = self.row.event
        return Entry(
            at=at,
            domain=lane_of(self.row.consumer, self.home),
            source=came_from(self.row.aggregate_type),
            kind=kind or _("delivery"),
            what=what,
            name=f"{event.type} v{self.row.seq} → {self.row.consumer}: {self.row.state}, {self.row.attempts} ×",
            trace_id=trace_of(event),
            address=address(self.row),
            **more,
        )


def came_from(aggregate_type) -> str:
    """The domain that told it; empty when an operator had it told again."""
    app = app_of(aggregate_type)
    return app if app in LANES else ""


NOT_OVER = {
    State.READY: (gettext_lazy("“%(what)s” is on its way to %(where)s"), OPEN),
    State.LEASED: (gettext_lazy("“%(what)s” is just being given to %(where)s"), OPEN),
    State.WAITING: (gettext_lazy("“%(what)s” waits for the message before it to %(where)s"), OPEN),
    State.PARKED: (gettext_lazy("“%(what)s” to %(where)s is held up by the dead message before it"), TROUBLE),
    State.SHELVED: (gettext_lazy("“%(what)s” is kept until the service knows how %(where)s takes it"), TROUBLE),
    State.DEAD: (gettext_lazy("“%(what)s” could not be delivered to %(where)s, attempts: %(n)d"), TROUBLE),
}
