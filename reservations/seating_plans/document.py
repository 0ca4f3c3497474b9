"""Values of a JSON file that know their place in it, so that each fault can name it."""

import json
import re

from reservations.seating_plans.layout import SeatingPlanInvalid

FARTHEST = 1_000_000
LONGEST, LONGEST_LABEL = 100, 50  # names of sections and grades; of rows and seats
UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,30}|(rgb|hsl)a?\([0-9., %/+a-z-]{1,40}\)")
MISSING = object()


def opened(source, *, faults):
    """The top of a file's text, its bytes or its dict. Raises SeatingPlanInvalid unless JSON."""
    return Node(parsed(source) if isinstance(source, bytes | str) else source, "", faults)


def parsed(source):
    text = as_text(source)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        fault = f"line {error.lineno}, column {error.colno}: not JSON ({error.msg})"
    except RecursionError:
        fault = "the file: its JSON is nested too deeply for a plan"
    except ValueError:
        fault = "the file: it has a number of thousands of digits"
    raise SeatingPlanInvalid([fault])


def as_text(source):
    """A file's bytes or text as text, without a byte order mark. Raises SeatingPlanInvalid."""
    try:
        text = source if isinstance(source, str) else source.decode("utf-8")
    except UnicodeDecodeError as error:
        fault = f"the file: not UTF-8 text, byte {error.start + 1:,}"
        raise SeatingPlanInvalid([fault]) from None
    return text.removeprefix("\ufeff")


class Node:
    """One value. Readers note a fault and answer a stand-in (None, [], 0), so reading goes on."""

    __slots__ = ("faults", "place", "value")

    def __init__(self, value, place, faults):
        self.value, self.place, self.faults = value, place, faults

    def fault(self, sentence):
        self.faults.append(f"{self.place or 'the file'}: {sentence}")

    def child(self, key):
        """The value under a key; its own value is MISSING where there is none."""
        value = self.value.get(key, MISSING) if isinstance(self.value, dict) else MISSING
        return Node(value, f"{self.place}.{key}" if self.place else key, self.faults)

    def has(self, key):
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def is_object(self):
        return self.is_a(dict, "an object")

    def is_a(self, kind, noun):
        if isinstance(self.value, kind):
            return True
        self.fault("is missing" if self.value is MISSING else f"must be {noun}, not {shown(self)}")
        return False

    def items(self):
        """Yields the entries of a list, those that are objects."""
        for index, value in enumerate(self.value if self.is_a(list, "a list") else []):
            node = Node(value, f"{self.place}[{index}]", self.faults)
            if node.is_object():
                yield node

    def text(self, *, longest=LONGEST):
        """A line of text without space around it, or a whole number as one; None if at fault."""
        if type(self.value) is not int and not self.is_a(str, "text"):
            return None
        text = " ".join(str(self.value).split())
        sentence = fault_of_text(text, longest=longest)
        if sentence:
            self.fault(sentence)
        return None if sentence else text

    def filled(self, *, longest=LONGEST):
        text = self.text(longest=longest)
        if text == "":
            self.fault("is empty")
        return text or None

    def number(self):
        """A float in a sane range; 0.0 if at fault. JSON's own NaN and Infinity are at fault."""
        if type(self.value) not in (int, float):  # isinstance() would let true and false pass
            self.is_a(float, "a number")
        elif not -FARTHEST <= self.value <= FARTHEST:
            self.fault(f"must be a number up to {FARTHEST:,}, not {shown(self)}")
        else:
            return float(self.value)
        return 0.0

    def length(self):
        """A number more than 0; 1.0 if at fault."""
        before = len(self.faults)
        number = self.number()
        if number > 0:
            return number
        if len(self.faults) == before:
            self.fault(f"must be more than 0, not {shown(self)}")
        return 1.0

    def position(self):
        """A pair (x, y)."""
        if not self.is_object():
            return 0.0, 0.0
        return self.child("x").number(), self.child("y").number()

    def flag(self):
        return self.is_a(bool, "true or false") and self.value

    def color(self):
        """A CSS color; None where it is empty or at fault. Never url(…), which would load it."""
        text = self.text()
        if text and not COLOR.fullmatch(text):
            self.fault(f"{shown(self)} is not a color")
            return None
        return text or None


def fault_of_text(text, *, longest=LONGEST):
    """What keeps a line of text from being stored and shown, or None."""
    if UNSHOWABLE.search(text):
        return "has a control character or half a surrogate pair"
    if len(text) > longest:
        return f"has {len(text):,} characters, the most is {longest:,}"
    return None


def shown(node):
    """The value as the file writes it, for a sentence."""
    text = json.dumps(node.value, ensure_ascii=False, default=str)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 40 else text[:40] + "…"
