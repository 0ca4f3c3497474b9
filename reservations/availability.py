"""Which seats can't be had, told sparsely; and the plan, which never changes and is cached."""

import hashlib
from collections import Counter

from django.core.cache import cache
from django.db.models import Count

from reservations.models import Claim, Performance, Seat

PLAN_SECONDS = 3600


def availability(performance, *, user_id) -> dict:
    """`version` changes whenever the rest does; `mine` are the fan's own seats, held or bought."""
    live = Claim.objects.live().filter(performance=performance)
    claims = list(live.values_list("seat", "seat__grade", "reservation__user_id"))
    taken = Counter(grade for _, grade, _ in claims)
    unavailable = sorted(str(seat) for seat, _, _ in claims)
    mine = sorted(str(seat) for seat, _, owner in claims if owner == user_id)
    return {
        "version": hashlib.blake2b(" ".join([*unavailable, *mine]).encode(), digest_size=8).hexdigest(),
        "remaining": {grade: n - taken[grade] for grade, n in seats_per_grade(performance).items()},
        "unavailable": unavailable,
        "mine": mine,
    }


def seats_per_grade(performance) -> dict:
    """{grade: seats}, also the sold ones."""

    def count():
        rows = Seat.objects.filter(performance=performance).order_by().values_list("grade")
        return dict(rows.annotate(n=Count("*")))

    return cache.get_or_set(_key("grades", performance), count, PLAN_SECONDS)


def seating_plan(performance) -> dict:
    """Sections, rows and seats in the plan's order, with the areas to draw around them."""
    return cache.get_or_set(_key("plan", performance), lambda: _plan(performance), PLAN_SECONDS)


def remaining_seats(concert_id) -> int | None:
    """Seats that can still be had in all performances of the concert that are on sale; None when none is."""
    on_sale = Performance.objects.on_sale().filter(concert=concert_id).with_sale_status()
    return sum(max(0, p.seat_count - p.taken) for p in on_sale) if on_sale else None


def remaining_by_grade(concert_id) -> dict | None:
    """{grade: seats} that can still be had in all performances of the concert that are on sale; None when none is."""
    on_sale = list(Performance.objects.on_sale().filter(concert=concert_id))
    if not on_sale:
        return None
    left = Counter()
    for performance in on_sale:
        left.update(seats_per_grade(performance))
    taken = Claim.objects.live().filter(performance__in=on_sale).values_list("seat__grade")
    left.subtract(dict(taken.annotate(n=Count("*")).order_by()))
    return {grade: max(0, seats) for grade, seats in left.items()}


def _plan(performance):
    layout = performance.plan.layout
    prices = dict(performance.prices.values_list("grade", "amount"))
    sections = {}
    for seat in Seat.objects.filter(performance=performance).order_by("order").iterator(chunk_size=5000):
        sections.setdefault(seat.section, {}).setdefault(seat.row, []).append(_drawn(seat, prices[seat.grade]))
    return {
        "name": layout.get("name", ""),
        "width": layout["width"],
        "height": layout["height"],
        "sections": [
            {"name": name, "rows": [{"label": label, "seats": seats} for label, seats in rows.items()]}
            for name, rows in sections.items()
        ],
        "areas": layout["areas"],
        "grades": [grade | {"price": prices.get(grade["name"])} for grade in layout["grades"]],
    }


def _drawn(seat, price):
    return {
        "id": str(seat.id),
        "label": seat.number,
        "grade": seat.grade,
        "price": price,
        "x": seat.x,
        "y": seat.y,
        "accessible": seat.accessible,
        "restricted_view": seat.restricted_view,
    }


def _key(kind, performance):
    return f"{kind}:{performance.id}:{performance.plan_version}"
