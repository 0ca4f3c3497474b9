"""Which concerts sell best: confirmed reservations per day, week and ever, in Redis sorted sets.

Redis may lose them: `manage.py rebuild_ranking` and the timetable make them again from the database.
"""

from datetime import datetime

from django.utils.timezone import localtime, now
from django_redis import get_redis_connection

from reservations.models import Reservation

PERIODS = ("day", "week", "all")
KEEP_SECONDS = 15 * 24 * 3600

# A reservation counts once, however often it is counted, and is uncounted once.
# KEYS: the counted reservations, the ranking. ARGV: reservation, concert, +1 or -1, seconds to keep both (0: for ever)
COUNT = """
local changed = redis.call(ARGV[3] == '1' and 'SADD' or 'SREM', KEYS[1], ARGV[1])
if changed == 1 then redis.call('ZINCRBY', KEYS[2], ARGV[3], ARGV[2]) end
if tonumber(ARGV[4]) > 0 then
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  redis.call('EXPIRE', KEYS[2], ARGV[4])
end
"""


def count(*, reservation_id, concert_id, confirmed_at):
    _change(reservation_id, concert_id, confirmed_at, "1")


def uncount(*, reservation_id, concert_id, confirmed_at):
    _change(reservation_id, concert_id, confirmed_at, "-1")


def top(*, period, limit=20) -> list[tuple[str, int]]:
    """(concert id, confirmed reservations), most first. `period`: day, week or all, by the calendar."""
    key = _key(period, now())
    ranked = get_redis_connection("default").zrevrange(key, 0, limit - 1, withscores=True)
    return [(concert.decode(), int(score)) for concert, score in ranked if score > 0]


def rebuild() -> int:
    """Count every confirmed reservation, and none that is so no more; returns how many are confirmed."""
    confirmed = 0
    rows = Reservation.objects.exclude(confirmed_at=None).select_related("performance")
    for reservation in rows.iterator(chunk_size=1000):
        counts = reservation.status == Reservation.Status.CONFIRMED
        concert_id, confirmed_at = reservation.performance.concert_id, reservation.confirmed_at
        (count if counts else uncount)(reservation_id=reservation.id, concert_id=concert_id, confirmed_at=confirmed_at)
        confirmed += counts
    return confirmed


def _change(reservation_id, concert_id, confirmed_at, step):
    script = get_redis_connection("default").register_script(COUNT)
    for period in PERIODS:
        key = _key(period, confirmed_at)
        keep = 0 if period == "all" else KEEP_SECONDS
        script(keys=[f"{key}:counted", key], args=[str(reservation_id), str(concert_id), step, keep])


def _key(period, moment: datetime) -> str:
    day = localtime(moment).date()
    year, week, _ = day.isocalendar()
    return {"day": f"ranking:day:{day}", "week": f"ranking:week:{year}-{week:02}", "all": "ranking:all"}[period]
