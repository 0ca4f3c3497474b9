"""What commands have in common that do by hand what the console's levers do."""

import getpass
from collections import Counter
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from events import bus
from events.models import Delivery
from events.models.delivery import AlreadyHandled


def add_why(parser):
    parser.add_argument("--reason", required=True)
    parser.add_argument("--as", dest="operator", help="your name; else the system's name for you")
    parser.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")


def why_of(*, reason, operator, **options) -> dict:
    """As the models' verbs take it. Raises CommandError."""
    if not reason.strip():
        raise CommandError("Say why, with --reason.")
    return {"operator": operator or getpass.getuser(), "reason": reason}


class OnLetters(BaseCommand):
    """Does `verb` to dead deliveries of all databases, to each for itself; ends with an error when one failed."""

    verb = would_be = ""
    states = [Delivery.State.DEAD]

    def add_arguments(self, parser):
        parser.add_argument("--consumer", help="only those to this consumer")
        parser.add_argument("--fingerprint", help="only those of this fault")
        parser.add_argument("--id", nargs="+", type=UUID, dest="ids", metavar="UUID", help="only these deliveries")
        add_why(parser)

    def handle(self, *, consumer, fingerprint, ids, dry_run, **options):
        why, outcomes = why_of(**options), Counter()
        these = {"consumer": consumer, "fingerprint": fingerprint, "pk__in": ids}
        letters = [letter for using in bus.databases() for letter in self._find(using, **these)]
        for letter in letters:
            outcome, remark = (self.would_be, "") if dry_run else done(letter, self.verb, **why)
            outcomes[outcome] += 1
            self.stdout.write(f"{letter.pk} {letter}: {outcome}{remark and f' ({remark})'}")
        for id in sorted(set(ids or []) - {letter.pk for letter in letters}):
            outcomes["skipped"] += 1
            self.stdout.write(f"{id}: skipped (no dead delivery of that id)")
        self.stdout.write(", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items()) or "None is dead.")
        if outcomes["failed"]:
            raise CommandError(f"{outcomes['failed']:,} failed.")

    def _find(self, using, **these):
        rows = Delivery.objects.using(using).filter(state__in=self.states)
        rows = rows.filter(**{name: value for name, value in these.items() if value})
        return rows.select_related("event").defer("event__data", "last_error").order_by("id")


def letter_of(id) -> Delivery:
    """The delivery of that id, in whichever database it is. Raises CommandError."""
    for using in bus.databases():
        if found := Delivery.objects.using(using).filter(pk=id).select_related("event").first():
            return found
    raise CommandError(f"There is no delivery {id}.")


def done(letter, verb, *arguments, **why):
    """(outcome, remark): ok, skipped or failed."""
    try:
        getattr(letter, verb)(*arguments, **why)
    except AlreadyHandled as handled:
        return "skipped", str(handled)
    except DatabaseError as error:
        return "failed", str(error).strip()
    return "ok", ""
