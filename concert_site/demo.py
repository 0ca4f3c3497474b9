"""The demo's world: three rooms, four concerts, some of them sold, and people who may sign in.

Everything is made by the same verbs that fans and operators use, so that the demo's data keeps every invariant.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from accounts.models import User
from concert_site.demo_accounts import DEMO_ACCOUNTS
from events.context import acting
from events.relay import relay
from payments.models import Charge
from queueing.models import Room
from reservations import holding
from reservations.models import Claim, Concert, Performance, Reservation, SeatingPlan, Venue
from reservations.seating_plans.demo import arena, club, hall

PRICES = {"VIP": 198_000, "R": 165_000, "S": 132_000, "A": 99_000, "Standard": 77_000}


@dataclass(frozen=True)
class Show:
    """A performance to make. Days are counted from today; `sold` seats are bought by a crowd."""

    in_days: int
    hour: int = 19
    opens_in_days: int = -7
    seat_limit: int = 1
    sold: int = 0


def make(*, say=lambda step: None):
    """Make the demo's world; `say` hears of each step. Does nothing when there are concerts already."""
    if Concert.objects.exists():
        return False
    with acting(actor="system:seed_demo"):
        say("accounts")
        _accounts()
        rooms = {layout.name: layout for layout in (club(), hall(), arena())}
        plans = [_plan(name, layout) for name, layout in zip(VENUES, rooms.values(), strict=True)]
        for title, artist, description, plan, shows, room in CONCERTS:
            say(f"concert {title}")
            _concert(title, artist, description, plans[plan], shows, room)
        say("counting what was sold")
        relay()
    return True


VENUES = ["Moonlight Club", "Riverside Hall", "Han River Arena"]
CLUB, HALL, ARENA = range(3)
CONCERTS = [
    (
        "Night Flight", "The Comets", "Ten years after their first take-off, The Comets play all of Night Flight.",
        HALL, [Show(21), Show(22, seat_limit=4, sold=24), Show(50, opens_in_days=10)], Room.State.OPEN,
    ),
    (
        "Candlelight Sessions", "Han Sora Trio", "Fifty seats, one piano, no amplifier.",
        CLUB, [Show(24, seat_limit=10, sold=50), Show(25, hour=17, seat_limit=2)], None,
    ),
    (
        "Aurora World Tour", "AURORA LINE", "The largest stage that the arena has ever seen.",
        ARENA, [Show(60, seat_limit=4, sold=40)], Room.State.OPEN,
    ),
    (
        "Winter Gala", "City Philharmonic", "Tchaikovsky, Prokofiev, and a surprise after the interval.",
        HALL, [Show(80, opens_in_days=3)], Room.State.BEFORE_OPENING,
    ),
]  # fmt: skip


def _accounts():
    for role, email, password in DEMO_ACCOUNTS:
        operator = role == "operator"
        name = email.split("@")[0].capitalize()
        user = User.objects.create_user(email, password, name=name, is_staff=operator, is_superuser=operator)
        if "500,000" in role:
            Charge.make(user_id=user.id, amount=500_000, key="demo")


def _plan(venue_name, layout):
    venue = Venue.objects.create(name=venue_name, time_zone="Asia/Seoul")
    return SeatingPlan.objects.create(venue=venue, name=layout.name, layout=layout.to_json())


def _concert(title, artist, description, plan, shows, room):
    concert = Concert.objects.create(title=title, artist=artist, description=description)
    performances = [_performance(concert, plan, show) for show in shows]
    for performance, show in zip(performances, shows, strict=True):
        _sell(performance, show.sold)
    if room:  # after the crowd has bought, so that the room is empty
        opens_at = performances[0].sales_open_at if room == Room.State.BEFORE_OPENING else None
        Room.objects.create(concert_id=concert.id, state=room, opens_at=opens_at)


def _performance(concert, plan, show):
    today = datetime.now(ZoneInfo(plan.venue.time_zone)).replace(hour=show.hour, minute=0, second=0, microsecond=0)
    starts_at = today + timedelta(days=show.in_days)
    performance = Performance.objects.create(
        concert=concert,
        plan=plan,
        starts_at=starts_at,
        sales_open_at=today + timedelta(days=show.opens_in_days),
        sales_close_at=starts_at - timedelta(hours=1),
        seat_limit=show.seat_limit,
    )
    grades = {grade["name"] for grade in plan.layout["grades"]}
    performance.lay_out(prices={grade: PRICES[grade] for grade in PRICES if grade in grades})
    return performance


def _sell(performance, count):
    """A crowd buys that many seats, each fan as many as one may have."""
    while count > 0:
        seats = _free_seats(performance)[: min(count, performance.seat_limit)]
        _buy(performance, [seat.id for seat in seats])
        count -= len(seats)


def _free_seats(performance):
    taken = Claim.objects.live().filter(performance=performance).values("seat")
    return performance.seats.exclude(Q(id__in=taken)).order_by("order")


def _buy(performance, seat_ids):
    fan = User(email=f"crowd-{uuid4().hex[:8]}@example.com", name="A fan", is_active=False)  # nobody reads their mail
    fan.set_unusable_password()
    fan.save()
    for _ in range(2):
        Charge.make(user_id=fan.id, amount=settings.CHARGE_MAXIMUM // 2, key=str(uuid4()))
    reservation = holding.hold(performance=performance, seat_ids=seat_ids, user_id=fan.id)
    reservation.submit()
    relay()  # also where the push after commit is switched off
    reservation.refresh_from_db()
    if reservation.status != Reservation.Status.CONFIRMED:
        raise RuntimeError(f"The demo's purchase ended as {reservation.status}: {reservation.failure}.")
