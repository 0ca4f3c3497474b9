"""Finds places for seats that have none: by section and row, below those that have one."""

from collections import defaultdict
from typing import NamedTuple

from reservations.seating_plans.extent import measured
from reservations.seating_plans.layout import PlanSeat

PITCH = 25.0
ROW = 28.0
GAP = 70.0
TITLE = 20.0


class Spot(NamedTuple):
    """A seat whose place may be unknown: `position` is (x, y) or None."""

    section: str
    row: str
    number: str
    grade: str
    position: tuple[float, float] | None
    accessible: bool
    restricted_view: bool


def laid_out(spots):
    """Seats in the order of the spots, titles of sections that were laid out, (width, height)."""
    placed = [spot.position for spot in spots if spot.position]
    top = max(y for _, y in placed) + GAP if placed else 0.0
    positions, areas = grid([spot for spot in spots if not spot.position], top=top)
    seats = [seat(spot, spot.position or positions[spot]) for spot in spots]
    return measured(seats, areas, None)


def seat(spot, position):
    return PlanSeat(
        guid="/".join(escaped(part) for part in spot[:3]),
        section=spot.section,
        row=spot.row,
        number=spot.number,
        grade=spot.grade,
        x=round(position[0], 2),
        y=round(position[1], 2),
        accessible=spot.accessible,
        restricted_view=spot.restricted_view,
    )


def escaped(part):
    # Without this, section "A/1" with row "2" and section "A" with row "1/2" would be one seat.
    return part.replace("%", "%25").replace("/", "%2F")


def grid(spots, *, top):
    """Spot → position, and an area with each section's name; rows are centred around x = 0."""
    sections = defaultdict(lambda: defaultdict(list))
    for spot in spots:
        sections[spot.section][spot.row].append(spot)
    positions, areas, y = {}, [], top
    for name, rows in sections.items():
        areas.append(title(name, y))
        for row in rows.values():
            y += ROW
            positions.update(line(row, y))
        y += GAP
    return positions, areas


def line(row, y):
    row = sorted(row, key=lambda spot: int(spot.number)) if countable(row) else row
    left = -PITCH * (len(row) - 1) / 2
    return {spot: (left + PITCH * index, y) for index, spot in enumerate(row)}


def countable(row):
    return all(spot.number.isascii() and spot.number.isdigit() for spot in row)


def title(name, y):
    text = {"text": name, "x": 0.0, "y": y, "size": TITLE, "color": None}
    place = {"shape": "text", "x": 0.0, "y": y, "rotation": 0.0}
    return place | {"color": None, "border_color": None, "text": text}
