"""The roll of seats while a file is read: finds what no single seat can show."""

from reservations.seating_plans.layout import MOST_SEATS


class Roll:
    """Collects seats with their places; notes doubles, none and too many in `faults`.

    A field of a seat is None where the file was already found at fault.
    """

    def __init__(self, faults):
        self.faults = faults
        self.seats = []
        self.guids = {}
        self.names = {}

    def add(self, seat, *, place):
        self.seats.append(seat)
        name = (seat.section, seat.row, seat.number)
        if None not in name:
            self.note_double_name(name, place)

    def note_double_name(self, name, place):
        first = self.names.setdefault(name, place)
        if first is not place:
            self.faults.append(f"{place}: {in_words(*name)} is there already, at {first}")

    def note_double_guid(self, guid, *, place):
        first = self.guids.setdefault(guid, place)
        if first is not place:
            self.faults.append(f"{place}.seat_guid: the same as {first}")

    def note_count(self, *, place):
        count = len(self.seats)
        if count == 0:
            self.faults.append(f"{place}: the plan has no seats")
        if count > MOST_SEATS:
            self.faults.append(f"{place}: the plan has {count:,} seats, the most is {MOST_SEATS:,}")


def in_words(section, row, number):
    return ", ".join([f"section {section}", *([f"row {row}"] if row else []), f"seat {number}"])
