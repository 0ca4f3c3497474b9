"""The club and the hall."""

from reservations.seating_plans.blocks import bent, block, marked, stage, title, words
from reservations.seating_plans.grades import used_grades
from reservations.seating_plans.layout import Layout

# Wings of a floor of the hall: name, angles at which its rows begin and end.
WINGS = (("A", 130.0, 110.5), ("B", 108.5, 71.5), ("C", 69.5, 50.0))
PITCH, ROW = 24.0, 27.0


def club():
    """50 seats in five bent rows before a small stage."""
    rows = [bent_row(230, -170, radius=320 + 36 * row, seats=10, pitch=30) for row in range(5)]
    seats = block("Floor", rows, grade=lambda row: "R" if row < 2 else "S", labels="ABCDE")
    seats = marked(
        seats,
        accessible=("Floor/E/1", "Floor/E/10"),
        restricted=("Floor/A/1", "Floor/A/10"),
    )
    label = words("STAGE", x=230.0, y=60.0, size=20.0)
    area = stage("rectangle", x=130.0, y=30.0, width=200.0, height=60.0, text=label)
    return Layout("Club", 460.0, 340.0, used_grades(seats), tuple(seats), (area,))


def bent_row(x, y, *, radius, seats, pitch):
    return bent(x, y, radius=radius, start=110, end=70, pitch=pitch, seats=seats)


def hall():
    """About 1,000 seats on two floors, each with three wings around the stage."""
    seats = floor("1F", first=380.0, rows=16, grade=grade_downstairs)
    seats += floor("2F", first=870.0, rows=8, grade=lambda wing, row: "A")
    seats = marked(seats, accessible=wheelchairs(), restricted=behind_pillars())
    grades = used_grades(seats, declared=dict.fromkeys(("VIP", "R", "S", "A")))
    return Layout("Hall", 1460.0, 1000.0, grades, tuple(seats), tuple(hall_areas()))


def floor(name, *, first, rows, grade):
    """The three wings of a floor whose first row has the given radius."""
    seats = []
    for wing, start, end in WINGS:
        points = [wing_row(first + ROW * row, start, end) for row in range(rows)]
        seats += block(f"{name} {wing}", points, grade=lambda row, wing=wing: grade(wing, row))
    return seats


def wing_row(radius, start, end):
    return bent(730, -140, radius=radius, start=start, end=end, pitch=PITCH)


def grade_downstairs(wing, row):
    if wing == "B":
        return "VIP" if row < 6 else "R" if row < 13 else "S"
    return "R" if row < 5 else "S"


def wheelchairs():
    return [f"1F B/16/{number}" for number in (1, 2, 3, 4)]


def behind_pillars():
    sides = [f"2F A/{row}/1" for row in range(1, 9)]
    return [*sides, *(f"1F A/{row}/1" for row in (1, 2, 3))]


def hall_areas():
    label = words("STAGE", x=730.0, y=95.0, size=34.0)
    points = [[480.0, 40.0], [980.0, 40.0], [880.0, 150.0], [580.0, 150.0]]
    yield stage("polygon", x=480.0, y=40.0, points=points, text=label)
    yield title("1F", x=730.0, y=200.0, size=22.0)
    yield title("2F", x=730.0, y=690.0, size=22.0)
