"""The last hour of a room, drawn: one small picture each for who waited, who was in and who was let in."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from events.admin.pictures import Picture

MINUTES = 60
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Chart:
    pictures: list
    rows: list  # of RoomMinute, the newest first: the same as a table


def chart_of(room, *, now) -> Chart:
    """Of the hour before this minute."""
    ends = now.replace(second=0, microsecond=0)
    begins = ends - MINUTES * MINUTE
    rows = list(room.minutes.filter(at__gte=begins, at__lt=ends).order_by("-at"))
    by_minute = {int((row.at - begins) / MINUTE): row for row in rows}

    def picture(name, label, **more):
        values = [getattr(by_minute.get(i), name, None) for i in range(MINUTES)]
        return Picture(name=name, label=label, begins=begins, step=MINUTE, values=values, **more)

    return Chart(
        pictures=[
            picture("waiting", _("Waiting")),
            picture("active", _("In"), limit=room.max_active),
            picture("admitted", _("Let in per minute"), limit=room.per_minute, bars=True),
        ],
        rows=rows,
    )
