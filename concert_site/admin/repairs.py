"""Where what an invariant found is shown, and which lever repairs it."""

import re
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.admin.levers import DENIED, Lever
from events.admin.windows import address_of

KEY = re.compile(
    r"(?:(?P<domain>\w+): )?(?P<noun>[a-z' ]+) (?:fan:)?(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)
NOUNS = {
    "account": "payments.PointAccount",
    "charge": "payments.Charge",
    "claim": "reservations.Claim",
    "delivery": "events.Delivery",
    "event": "events.Event",
    "inbox row": "events.InboxMessage",
    "operator's action": "events.OperatorAction",
    "payment": "payments.Payment",
    "reservation": "reservations.Reservation",
    "seat": "reservations.Seat",
}


@dataclass(frozen=True, kw_only=True)
class Example:
    """One violation, to be read by an operator. address: "" where nothing is shown of it. repairs: levers."""

    key: str
    fault: str
    address: str
    repairs: list

    @classmethod
    def of(cls, suspect, *, letter, user):
        found = KEY.match(suspect.key)
        noun, id, domain = (found["noun"], found["id"], found["domain"]) if found else ("", "", None)
        repairs = [_lever(each, id, user) for each in LEVERS.get((letter, noun), [])]
        return cls(key=suspect.key, fault=_(suspect.fault), address=_page(noun, id, domain), repairs=repairs)


def _page(noun, id, domain):
    if noun == "room":
        return reverse("admin:queueing_room_changelist", query={"q": id})
    return address_of(NOUNS[noun], id, **({"domain": domain} if domain else {})) if noun in NOUNS else ""


def _lever(verb, id, user):
    noun, label = VERBS[verb]
    why_not = "" if user.has_perm(f"reservations.{verb}_{noun}") else DENIED
    return Lever(label=label, address=reverse(f"admin:reservations_{noun}_{verb}", args=[id]), why_not=why_not)


VERBS = {
    "end": ("claim", gettext_lazy("End the claim")),
    "ask": ("reservation", gettext_lazy("Ask payments again")),
    "compensate": ("reservation", gettext_lazy("Compensate")),
}
LEVERS = {
    ("S", "claim"): ["end"],
    ("S", "reservation"): ["compensate"],
    ("D1", "reservation"): ["ask", "compensate"],
    ("D2", "reservation"): ["ask", "compensate"],
    ("L", "reservation"): ["ask", "compensate"],
}
ADVICE = {
    "M": gettext_lazy(
        "Points were moved past the ledger, or a backup of one domain was restored alone. Stop writing by hand, compare"
        " the account's transfers with its charges and payments, and give back what is missing."
    ),
    "S": gettext_lazy("End a claim whose reservation is over; compensate a reservation that lost its seats."),
    "D1": gettext_lazy("Ask for the points again; or compensate, if the fan gives the seats back."),
    "D2": gettext_lazy("Ask for the refund again, or compensate: what was debited goes back."),
    "E": gettext_lazy("Send the event again from its lane; look first what its consumer has missed."),
    "O": gettext_lazy("Look what the consumer made of it; then go on with the lane from the event before."),
    "X": gettext_lazy("The data platform ignores the idempotency key: ask its operators to take one of the two back."),
    "T": gettext_lazy("Somebody wrote to the database past the verbs: find who, and compare with the events."),
    "Q": gettext_lazy("Pause the room, and read its admissions."),
    "A": gettext_lazy("Find who changed it, and write down why."),
    "L": gettext_lazy("See whether a worker is silent or a letter is dead; else compensate."),
}
