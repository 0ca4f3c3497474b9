"""Reads seating plans from CSV, as spreadsheets write it."""

import csv
import io
import re

from reservations.seating_plans.document import FARTHEST, LONGEST, LONGEST_LABEL, as_text, fault_of_text
from reservations.seating_plans.grades import used_grades
from reservations.seating_plans.grid import Spot, laid_out
from reservations.seating_plans.layout import Layout, SeatingPlanInvalid
from reservations.seating_plans.roll import Roll

REQUIRED = ("section", "row", "number", "grade")
OPTIONAL = ("x", "y", "accessible", "restricted_view")
FLAGS = {
    **dict.fromkeys(("yes", "y", "true", "1", "x"), True),
    **dict.fromkeys(("no", "n", "false", "0", ""), False),
}
NUMBER = re.compile(r"[+-]?[0-9]{1,12}([.,][0-9]{1,12})?", re.ASCII)


def read_csv(source, *, name="Seating plan"):
    """The layout in a CSV text or its bytes, with a header line; commas or semicolons, a BOM is passed over.

    Seats without a position are laid out by section and row. Raises SeatingPlanInvalid with
    every fault of the file.
    """
    faults = []
    lines = Lines(as_text(source), faults)
    roll = Roll(faults)
    for line in lines.rows():
        roll.add(line.spot(), place=line.place)
    if lines.columns:
        roll.note_count(place="the file")
    if faults:
        raise SeatingPlanInvalid(faults)
    seats, areas, size = laid_out(roll.seats)
    return Layout(name, *size, used_grades(seats), tuple(seats), tuple(areas))


class Lines:
    """The lines of the file below its header."""

    def __init__(self, text, faults):
        self.faults, self.last = faults, 1
        header = text.partition("\n")[0]
        self.delimiter = ";" if header.count(";") > header.count(",") else ","
        self.reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter)
        self.columns = self.read_header()

    def rows(self):
        """Each line that is not blank; none if the header is at fault."""
        while self.columns:
            self.last = self.reader.line_num + 1
            cells = self.next_cells()
            if cells is None:
                return
            if any(cells):
                yield Line(self.last, dict(zip(self.columns, cells, strict=False)), self)
                self.note_width(cells)

    def next_cells(self):
        """The cells of the next line, or None at the end."""
        try:
            return [" ".join(cell.split()) for cell in next(self.reader)]
        except StopIteration:
            return None
        except csv.Error as error:
            self.faults.append(f"line {self.reader.line_num}: not CSV ({error})")
            return None

    def read_header(self):
        """The names of the columns, or None if they are at fault."""
        names = [name.lower() for name in self.next_cells() or []]
        if not any(names):
            self.faults.append("line 1: the header is missing")
            return None
        for name in REQUIRED:
            if name not in names:
                self.faults.append(f"line 1: the column {name} is missing")
        for name in (*REQUIRED, *OPTIONAL):
            if names.count(name) > 1:
                self.faults.append(f"line 1: the column {name} is there {names.count(name)} times")
        return None if self.faults else names

    def note_width(self, cells):
        if any(cells[len(self.columns) :]):
            sentence = f"has {len(cells)} columns, the header has {len(self.columns)}"
            self.faults.append(f"line {self.last}: {sentence}")


class Line:
    """One seat's line. Readers note a fault and answer a stand-in, so reading goes on."""

    def __init__(self, number, cells, lines):
        self.place, self.cells, self.lines = f"line {number}", cells, lines

    def fault(self, sentence):
        self.lines.faults.append(f"{self.place}: {sentence}")

    def spot(self):
        section, row, number, grade = (self.filled(column) for column in REQUIRED)
        position = self.position()
        accessible, restricted = self.flag("accessible"), self.flag("restricted_view")
        return Spot(section, row, number, grade, position, accessible, restricted)

    def filled(self, column):
        text = self.cells.get(column, "")
        longest = LONGEST_LABEL if column in ("row", "number") else LONGEST
        sentence = "is missing" if not text else fault_of_text(text, longest=longest)
        if sentence:
            self.fault(f"{column} {sentence}")
        return None if sentence else text

    def position(self):
        """A pair (x, y), or None where the line has neither."""
        given = [column for column in ("x", "y") if self.cells.get(column)]
        if len(given) == 1:
            self.fault(f"{'y' if given == ['x'] else 'x'} is missing beside {given[0]}")
        numbers = [self.number(column) for column in given]
        return tuple(numbers) if len(numbers) == 2 else None

    def number(self, column):
        text = self.cells[column]
        if not NUMBER.fullmatch(text):
            self.fault(f'{column} must be a number, not "{text[:40]}"')
            return 0.0
        number = float(text.replace(",", "."))
        if abs(number) > FARTHEST:
            self.fault(f"{column} must be a number up to {FARTHEST:,}, not {text}")
        return number

    def flag(self, column):
        text = self.cells.get(column, "")
        if text.lower() not in FLAGS:
            self.fault(f'{column} must be yes or no, not "{text[:40]}"')
        return FLAGS.get(text.lower(), False)
