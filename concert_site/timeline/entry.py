from dataclasses import dataclass
from datetime import datetime

GOOD, OPEN, WATCH, TROUBLE = "", "open", "watch", "trouble"
MONEY, HAND = "money", "hand"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened.

    what: in words; name: as the code calls it. source: the lane that a message came from, when one did.
    level: "", "watch" (not as hoped), "open" (under way) or "trouble". is_open: it is not over yet, and `at` is now.
    details: what is folded away. mark: "money" that moved, or the "hand" of an operator.
    """

    at: datetime
    domain: str
    kind: str
    what: str
    name: str = ""
    source: str = ""
    who: str = ""
    mark: str = ""
    level: str = GOOD
    is_open: bool = False
    details: str = ""
    trace_id: str = ""
    address: str = ""
