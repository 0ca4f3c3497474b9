"""Which tests carry which fault, read from their source, so that a run of some tests knows of all the others.

python -m tests.faults.carriers prints the table of docs/faults.md.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

from tests.faults.listed import FAULTS

ROOT = Path(__file__).parents[2]
PLACES = ["tests/**/test_*.py", "*/tests/test_*.py"]


@dataclass(frozen=True)
class Carrier:
    path: str
    test: str  # Class.test, or a class whose tests all carry it
    faults: tuple
    holds: tuple

    @property
    def told(self):
        return f"{self.path.removeprefix('tests/').removesuffix('.py')}: {self.test}"


def carriers() -> list[Carrier]:
    """In the order of files and lines."""
    paths = sorted({path for place in PLACES for path in ROOT.glob(place)})
    return [each for path in paths for each in _in(ast.parse(path.read_text()), str(path.relative_to(ROOT)))]


def _in(tree, path, within=()):
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            name = (*within, node.name)
            yield from (_carrier(mark, path, ".".join(name)) for mark in _marks(node))
            if isinstance(node, ast.ClassDef):
                yield from _in(node, path, name)


def _marks(node):
    calls = [each for decorator in node.decorator_list for each in ast.walk(decorator) if isinstance(each, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) == "pytest.mark.fault"]


def _carrier(mark, path, test):
    holds = next(ast.literal_eval(each.value) for each in mark.keywords if each.arg == "holds")
    return Carrier(path, test, tuple(ast.literal_eval(name) for name in mark.args), tuple(holds.split()))


def table() -> str:
    """Markdown: each fault, what holds after it, and who sees to it."""
    found = carriers()
    by_fault = {fault: [each for each in found if fault in each.faults] for fault in FAULTS}
    lines = ["| fault | holds | tests |", "|---|---|---|"]
    return "\n".join(lines + [_row(fault, found) for fault, found in by_fault.items()])


def _row(fault, found):
    held = " ".join(letter for letter in "M S D1 D2 E O X T Q A L".split() if any(letter in e.holds for e in found))
    return f"| {fault} | {held} | {'<br>'.join(each.told for each in found)} |"


if __name__ == "__main__":
    print(table())
