"""The layout of a room: its seats, their grades and what is drawn around them."""

from dataclasses import asdict, dataclass

MOST_SEATS = 100_000


class SeatingPlanInvalid(ValueError):
    """A seating plan that could not be read.

    `faults` is a tuple with one sentence for each fault, led by its place in the file.
    """

    def __init__(self, faults):
        self.faults = tuple(faults)
        count = len(self.faults)
        noun = "fault" if count == 1 else "faults"
        super().__init__(f"The seating plan has {count:,} {noun}: " + "; ".join(self.faults[:3]))


@dataclass(frozen=True, slots=True)
class Grade:
    """A class of seats with one price. `color` is a CSS color."""

    name: str
    color: str


@dataclass(frozen=True, slots=True)
class PlanSeat:
    """A seat of the room. `guid` is unique in its layout, and so is section with row and number.

    `x` and `y` are the seat's centre in the layout's units, y pointing down. `row` may be empty.
    """

    guid: str
    section: str
    row: str
    number: str
    grade: str
    x: float
    y: float
    accessible: bool = False
    restricted_view: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole room, with at least one seat; the order of its seats is that of its source.

    `grades` are those that its seats have. `areas` are plain dicts to be drawn below the seats
    (see `reservations.seating_plans.areas`).
    """

    name: str
    width: float
    height: float
    grades: tuple[Grade, ...]
    seats: tuple[PlanSeat, ...]
    areas: tuple[dict, ...] = ()

    def to_json(self):
        """Plain dicts, lists, strings, numbers and booleans, keyed like the dataclasses."""
        return {
            "name": self.name,
            "width": self.width,
            "height": self.height,
            "grades": [asdict(grade) for grade in self.grades],
            "seats": [seat_to_json(seat) for seat in self.seats],
            "areas": list(self.areas),
        }

    @classmethod
    def from_json(cls, data):
        """The layout that `to_json` wrote."""
        return cls(
            name=data["name"],
            width=data["width"],
            height=data["height"],
            grades=tuple(Grade(**grade) for grade in data["grades"]),
            seats=tuple(PlanSeat(**seat) for seat in data["seats"]),
            areas=tuple(data["areas"]),
        )


def seat_to_json(seat):
    # asdict() copies each value deeply: half a second for 100,000 seats, and all are immutable.
    return {name: getattr(seat, name) for name in PlanSeat.__slots__}
