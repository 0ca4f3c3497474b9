"""CSV for a spreadsheet, line by line, so that a million of them needs no memory."""

import csv
import json
import re

FORMULA = re.compile(r"\s*[=+\-@\t\r\n]")


def csv_lines(header, rows):
    """The lines of the header and of the rows; no cell is one that a spreadsheet takes for a formula."""
    write = csv.writer(_Line()).writerow
    yield write(header)
    for cells in rows:
        yield write([harmless(cell) for cell in cells])


class _Line:
    """A file that hands back what is written to it."""

    def write(self, line):
        return line


def harmless(cell) -> str:
    """As text; numbers stay numbers."""
    if isinstance(cell, dict):
        cell = json.dumps(cell, ensure_ascii=False)
    text = "" if cell is None else str(cell)
    return f"'{text}" if FORMULA.match(text) and not isinstance(cell, int) else text
