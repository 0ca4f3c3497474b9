"""How a sale goes: seats sold, held and free and the points they brought, now and over time; each sale as a line."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import connections
from django.utils.timezone import make_aware

from events import bus
from events.csv_lines import csv_lines
from reservations.models import Reservation

Status = Reservation.Status
DAY = timedelta(days=1)

# In one statement, so that the figures agree. What is sold is what is taken and not under way: the many seats are
# counted in an index alone, and only the few under way are looked at.
TALLIES = """
SELECT p.id, p.seat_count, taken.seats - doing.seats, doing.held, taken.points - doing.points, over.fees
  FROM reservations_performance p
 CROSS JOIN LATERAL (
       SELECT count(*) AS seats, coalesce(sum(price), 0) AS points
         FROM reservations_claim WHERE performance_id = p.id AND ended_at IS NULL) AS taken
 CROSS JOIN LATERAL (
       SELECT count(*) AS seats, coalesce(sum(c.price), 0) AS points,
              count(*) FILTER (WHERE r.status = 'PAYING' OR r.held_until > statement_timestamp()) AS held
         FROM reservations_reservation r JOIN reservations_claim c ON c.reservation_id = r.id AND c.ended_at IS NULL
        WHERE r.performance_id = p.id AND r.status IN ('HELD', 'PAYING')) AS doing
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(fee), 0) AS fees
         FROM reservations_reservation WHERE performance_id = p.id AND status = 'CANCELLED') AS over
 WHERE p.id = ANY(%s)
"""

COURSE = """
SELECT floor(extract(epoch FROM confirmed_at - %s) / %s)::int, sum(jsonb_array_length(facts -> 'seats')), sum(amount)
  FROM reservations_reservation
 WHERE performance_id = ANY(%s) AND status = 'CONFIRMED' AND confirmed_at >= %s AND confirmed_at < %s GROUP BY 1
"""


@dataclass(frozen=True)
class Tally:
    """Of one performance or several. revenue: points for the seats sold; fees: points kept of cancellations."""

    seats: int = 0
    sold: int = 0
    held: int = 0
    revenue: int = 0
    fees: int = 0

    @property
    def free(self):
        return self.seats - self.sold - self.held

    @property
    def percent(self):
        return round(100 * self.sold / self.seats) if self.seats else 0

    def plus(self, other):
        names = self.__dataclass_fields__
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in names})


def tallies(performances) -> dict:
    """{performance id: its Tally}, as of one moment."""
    rows = _rows(TALLIES, [performance.pk for performance in performances])
    return {id: Tally(*map(int, figures)) for id, *figures in rows}


def total(tallies) -> Tally:
    whole = Tally()
    for each in tallies:
        whole = whole.plus(each)
    return whole


@dataclass(frozen=True, kw_only=True)
class Course:
    """What was sold in each step of time, of what is sold now: a seat that came back was never sold."""

    begins: datetime
    step: timedelta
    seats: list
    points: list


def course(performances, *, begins, step, steps) -> Course:
    seats, points = [0] * steps, [0] * steps
    ids, ends = [performance.pk for performance in performances], begins + steps * step
    for i, n, amount in _rows(COURSE, begins, step.total_seconds(), ids, begins, ends):
        seats[i], points[i] = int(n), int(amount)
    return Course(begins=begins, step=step, seats=seats, points=points)


def _rows(sql, *params):
    with connections[bus.home(Reservation)].cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


# The export

HEADER = "sold at,concert,starts at,venue,seats,number,status,points,refund,fee,reservation".split(",")
BYTES_A_LINE = 200  # about


def sales_of(performances, *, since=None, until=None):
    """Their reservations that were confirmed in that time, also those cancelled since, the oldest first."""
    ids = [performance.pk for performance in performances]
    found = Reservation.objects.filter(performance__in=ids, status__in=[Status.CONFIRMED, Status.CANCELLED])
    found = found.filter(confirmed_at__gte=since) if since else found
    return (found.filter(confirmed_at__lt=until) if until else found).order_by("confirmed_at", "id")


def period(*, since, until) -> dict:
    """Of these days, both counted, by the time zone of the settings; None: without a limit."""
    return {
        "since": since and make_aware(datetime.combine(since, time.min)),
        "until": until and make_aware(datetime.combine(until + DAY, time.min)),
    }


def count_of(performances, **period) -> int:
    """How many lines the export will have."""
    return sales_of(performances, **period).count()


def lines(performances, **period):
    """The export as lines of CSV, streamed."""
    return csv_lines(HEADER, _rows_of(performances, period))


def _rows_of(performances, period):
    for performance in performances:
        for reservation in sales_of([performance], **period).iterator(chunk_size=2_000):
            yield _cells(reservation, performance)


def _cells(reservation, performance):
    facts = reservation.facts
    return [
        reservation.confirmed_at.isoformat(timespec="seconds"), facts["concert_title"], facts["starts_at"],
        performance.venue.name, "; ".join(facts["seats"]), len(facts["seats"]), reservation.status,
        reservation.amount, reservation.refund or 0, reservation.fee or 0, reservation.pk,
    ]  # fmt: skip
