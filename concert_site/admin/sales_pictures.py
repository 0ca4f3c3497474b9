"""A sale over time, drawn: what was sold up to each moment, what was sold just then, and the points."""

import hashlib
from datetime import timedelta
from functools import partial
from itertools import accumulate
from math import ceil

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.admin.pictures import Picture
from reservations import sales

STEPS = 60
MINUTE = timedelta(minutes=1)
SPANS = {
    "hour": gettext_lazy("The last hour"),
    "day": gettext_lazy("The last day"),
    "all": gettext_lazy("The whole sale"),
}
KEPT = {"hour": 5, "day": 60, "all": 600}  # seconds


def pictures_of(performances, *, whole, span, now) -> list[Picture]:
    """Three of one of the SPANS, of these performances, whose tally now is `whole`."""
    course = _course(performances, span=span, now=now)

    def picture(name, label, values, **more):
        return Picture(name=name, label=label, begins=course.begins, step=course.step, values=list(values), **more)

    return [
        picture("seats", _("Seats sold"), _rising_to(whole.sold, course.seats), limit=whole.seats),
        picture("pace", _("Sold just then"), course.seats, bars=True),
        picture("points", _("Points"), _rising_to(whole.revenue, course.points)),
    ]


def _course(performances, *, span, now):
    """Looked at once for all who watch; the longer the time, the older it may be."""
    ends, step = _time(performances, span=span, now=now)
    name = hashlib.blake2b(" ".join(str(each.pk) for each in performances).encode(), digest_size=16).hexdigest()
    look = partial(sales.course, performances, begins=ends - STEPS * step, step=step, steps=STEPS)
    return cache.get_or_set(f"sales:{span}:{name}", look, KEPT[span])


def _time(performances, *, span, now):
    """When the picture ends, and how long a step of it is."""
    if span == "hour":
        return now, MINUTE
    if span == "day":
        return now, 24 * MINUTE
    begins = min((each.sales_open_at for each in performances), default=now)
    ends = max(begins, min(now, max((each.sales_close_at for each in performances), default=now)))
    return ends, MINUTE * max(1, ceil((ends - begins) / MINUTE / STEPS))


def _rising_to(whole, parts):
    """How much there was after each part, if it is `whole` after the last."""
    first, *later = accumulate(parts, initial=whole - sum(parts))
    return later
