"""`manage.py queue verify`: whether a room's draw and its admissions are what was promised."""

from uuid import UUID

from django.core.management.base import CommandError
from django.db.models import F, Window
from django.db.models.functions import Lag

from queueing import draw
from queueing.models import Room
from queueing.models.admission import TICK

MOST = 1_000_000  # tickets that are all computed; a few seconds
SHOWN = 10
WIDTH = 40


def add_to(verbs):
    """The verb's arguments."""
    verb = verbs.add_parser("verify", help="Recompute the draw, and look whether fans came in by number.")
    verb.add_argument("concert", type=UUID)
    verb.add_argument("--ticket", type=int, help="only say what this draw ticket has drawn")
    verb.add_argument("--number", type=int, help="only say which draw ticket has this number")
    verb.add_argument("--commitment", help="what was published before the draw, as somebody noted it")


def verify(out, *, concert, ticket=None, number=None, commitment=None, **_common):
    """Write to `out` what holds. Raises CommandError for a question that has no answer, and when anything is wrong."""
    room = Room.objects.filter(concert_id=concert).first()
    if room is None:
        raise CommandError("There is no such room.")
    _tell(out, room.draw)
    faults = list(_broken_promise(out, room.draw, noted=commitment))
    if ticket is None and number is None:
        faults += [*_out_of_order(out, room), *_incomplete(out, room.draw)]
    else:
        _look_up(out, room.draw, ticket, number)
    if faults:
        raise CommandError("\n".join(["Something is wrong:", *faults]))


def _tell(out, told):
    out.write(f"commitment  {told['commitment']}")
    out.write(f"seed        {told['seed'] or 'secret until the draw'}")
    out.write(f"tickets     {_range(told)}")


def _range(told):
    if told["last"] is None:
        return f"{told['first'] + 1:,} and up, until the opening"
    if told["last"] == told["first"]:
        return "none: nobody came before the opening"
    return f"{told['first'] + 1:,} to {told['last']:,}"


def _broken_promise(out, told, *, noted):
    if noted is not None and noted.strip().lower() != told["commitment"]:
        yield "The commitment is not the one that was noted."
    if told["seed"] is None:
        return
    if draw.commitment(told["seed"]) != told["commitment"]:
        yield "The commitment does not match the seed."
    else:
        out.write("The commitment matches the seed.")


def _look_up(out, told, ticket, number):
    if told["last"] is None:
        raise CommandError("Nothing is drawn yet: ask again after the opening.")
    followed = {name: told[name] for name in ("seed", "first", "last")}
    try:
        if ticket is not None:
            out.write(f"Ticket {ticket:,} has the number {draw.number_of(ticket, **followed):,}.")
        if number is not None:
            out.write(f"Number {number:,} was drawn by the ticket {draw.ticket_of(number, **followed):,}.")
    except ValueError as refusal:
        raise CommandError(str(refusal)) from None


def _out_of_order(out, room):
    """Those whom a tick let in before the next lower number."""
    by_tick = room.admissions.filter(by=TICK)
    before = by_tick.annotate(before=Window(Lag("at"), order_by="number"))
    late = list(before.filter(before__gt=F("at")).order_by("number").values_list("number", flat=True)[: SHOWN + 1])
    if not late:
        out.write(f"{by_tick.count():,} admissions by tick are in the order of their numbers.")
    yield from (f"Number {number:,} was let in before a lower one." for number in late[:SHOWN])
    if len(late) > SHOWN:
        yield "… and more."


def _incomplete(out, told):
    if told["last"] in (None, told["first"]):
        return
    size = told["last"] - told["first"]
    if size > MOST:
        out.write(f"Not computed: whether all of {size:,} tickets have different numbers; up to {MOST:,} are.")
        return
    missing = _numbers_of_all(out, told).count(0)
    if missing:
        yield f"{missing:,} numbers have no ticket."
    else:
        out.write(f"All {size:,} tickets have different numbers, and no number is missing.")


def _numbers_of_all(out, told):
    """A byte for each number of the range: 1 where a ticket has it."""
    first, last = told["first"], told["last"]
    found = bytearray(last - first)
    for ticket in range(first + 1, last + 1):
        found[draw.number_of(ticket, seed=told["seed"], first=first, last=last) - first - 1] = 1
        if out.isatty() and (ticket == last or ticket % 10_000 == 0):
            _progress(out, (ticket - first) / (last - first))
    return found


def _progress(out, share):
    done = round(share * WIDTH)
    out.write(f"[{'#' * done}{'.' * (WIDTH - done)}] {share:4.0%}", ending="\n" if share == 1 else "\r")
