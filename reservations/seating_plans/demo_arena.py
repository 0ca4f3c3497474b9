"""The arena: a floor before the stage, and two tiers of blocks around it in a U."""

from functools import partial
from typing import NamedTuple

from reservations.seating_plans.blocks import bent, block, marked, stage, straight, words
from reservations.seating_plans.grades import used_grades
from reservations.seating_plans.layout import Layout

WIDTH, HEIGHT = 3360.0, 2460.0
PITCH, ROW = 20.0, 22.0
AISLE, BLOCK = 34.0, 260.0  # the length of a straight block, one aisle included
SIDES, BACK = 3, 4  # straight blocks at each side and at the back
CENTRE, TOP, BEND = WIDTH / 2, 460.0, 260.0
LEFT, RIGHT = CENTRE - BACK * BLOCK / 2, CENTRE + BACK * BLOCK / 2  # where the bends end
BOTTOM = TOP + SIDES * BLOCK  # where the bends begin


class Tier(NamedTuple):
    """A ring of blocks around the floor."""

    radius: float  # of its first row where it bends
    rows: int
    corner: int  # blocks in each bend
    section: int  # the first of its sections
    grade: str


LOWER = Tier(BEND, rows=15, corner=3, section=101, grade="S")
UPPER = Tier(BEND + 400.0, rows=21, corner=5, section=201, grade="A")


def arena():
    """About 10,000 seats: 12 blocks on the floor, 16 in the lower and 20 in the upper tier."""
    seats = [*floor(), *tier(LOWER), *tier(UPPER)]
    seats = marked(seats, accessible=wheelchairs(), restricted=beside_stage(seats))
    return Layout("Arena", WIDTH, HEIGHT, used_grades(seats), tuple(seats), tuple(areas()))


def floor():
    seats = []
    for index in range(12):
        down, across = divmod(index, 4)
        x = CENTRE + (-465.0, -155.0, 155.0, 465.0)[across]
        rows = [straight(x, 460.0 + 350.0 * down + ROW * row, seats=13, pitch=PITCH) for row in range(14)]
        grade = "VIP" if down == 0 else "R"
        seats += block(f"F{index + 1}", rows, grade=lambda row, grade=grade: grade)
    return seats


def tier(ring):
    """Blocks from the stage's left down, along the back and up to the stage's right."""
    seats = []
    for number, row_at in enumerate(blocks_of(ring), start=ring.section):
        rows = [row_at(ring.radius + ROW * row) for row in range(ring.rows)]
        seats += block(str(number), rows, grade=lambda row: ring.grade)
    return seats


def blocks_of(ring):
    """For each block a function from a row's radius to its points."""
    bend = 90.0 / ring.corner
    for index in range(SIDES):
        yield partial(left_row, y=TOP + BLOCK * (index + 0.5))
    for index in range(ring.corner):
        yield partial(corner_row, x=LEFT, start=180 - bend * index, end=180 - bend * (index + 1))
    for index in range(BACK):
        yield partial(back_row, x=LEFT + BLOCK * (index + 0.5))
    for index in range(ring.corner):
        yield partial(corner_row, x=RIGHT, start=90 - bend * index, end=90 - bend * (index + 1))
    for index in reversed(range(SIDES)):
        yield partial(right_row, y=TOP + BLOCK * (index + 0.5))


STRAIGHT = {"seats": int((BLOCK - AISLE) / PITCH) + 1, "pitch": PITCH}


def left_row(radius, *, y):
    return straight(LEFT - radius, y, direction=90, **STRAIGHT)


def back_row(radius, *, x):
    return straight(x, BOTTOM + radius, **STRAIGHT)


def right_row(radius, *, y):
    return straight(RIGHT + radius, y, direction=270, **STRAIGHT)


def corner_row(radius, *, x, start, end):
    # The aisle is as wide in the last row as in the first, so its angle shrinks with the radius.
    aisle = AISLE / 2 / radius * 57.3
    return bent(x, BOTTOM, radius=radius, start=start - aisle, end=end + aisle, pitch=PITCH)


def wheelchairs():
    back = [f"{section}/{LOWER.rows}/{seat}" for section in (108, 109) for seat in (1, 2, 11, 12)]
    return [*back, *(f"F{block}/14/{seat}" for block in (9, 12) for seat in (1, 13))]


def beside_stage(seats):
    """The four seats of each row that look at the stage from its side."""
    last = {str(LOWER.section + 15), str(UPPER.section + 19)}
    first = {str(LOWER.section), str(UPPER.section)}
    for seat in seats:
        number = int(seat.number)
        if seat.section in first and number <= 4:
            yield seat.guid
        if seat.section in last and number > STRAIGHT["seats"] - 4:
            yield seat.guid


def areas():
    label = words("STAGE", x=CENTRE, y=210.0, size=90.0)
    yield stage("rectangle", x=CENTRE - 640, y=100.0, width=1280.0, height=220.0, text=label)
    yield stage("rectangle", x=CENTRE - 14, y=310.0, width=28.0, height=470.0)
    yield stage("circle", x=CENTRE, y=778.0, radius=28.0)
