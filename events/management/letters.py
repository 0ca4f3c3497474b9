"""What commands do with deliveries, in whichever database they are."""

from collections import Counter
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events import bus
from events.handles import outcome_of
from events.management.by_hand import add_why, why_of
from events.models import Delivery

CHUNK = 500


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
        found = self._find(consumer=consumer, fingerprint=fingerprint, pk__in=ids)
        if not dry_run:
            self.check_number(sum(map(len, found.values())))
        for letter in _read(found):
            outcome, words = (self.would_be, "") if dry_run else self._do(letter, **why)
            outcomes[outcome] += 1
            self.stdout.write(f"{letter.pk} {letter}: {outcome}{words and f' ({words})'}")
        for id in sorted(set(ids or []).difference(*found.values())):
            outcomes["skipped"] += 1
            self.stdout.write(f"{id}: skipped (no dead delivery of that id)")
        self.stdout.write(", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items()) or "None is dead.")
        if outcomes["failed"]:
            raise CommandError(f"{outcomes['failed']:,} failed.")

    def check_number(self, n):
        """Raises CommandError when these are too many."""

    def _find(self, **these) -> dict:
        """{database: ids}; what comes in between is left alone."""
        asked = {name: value for name, value in these.items() if value}
        rows = Delivery.objects.filter(state__in=self.states, **asked).order_by("id").values_list("pk", flat=True)
        return {using: list(rows.using(using)) for using in bus.databases()}

    def _do(self, letter, **why):
        result = outcome_of(getattr(Delivery, self.verb), letter, **why)
        return result.outcome, result.words


def _read(found):
    """Some at a time: there may be a hundred thousand, each with the traces of all its attempts."""
    for using, ids in found.items():
        rows = Delivery.objects.using(using).select_related("event").defer("event__data", "last_error", "failures")
        for n in range(0, len(ids), CHUNK):
            yield from rows.filter(pk__in=ids[n : n + CHUNK]).order_by("id")


def letter_of(id) -> Delivery:
    """The delivery of that id, in whichever database it is. Raises CommandError."""
    for using in bus.databases():
        if found := Delivery.objects.using(using).filter(pk=id).select_related("event").first():
            return found
    raise CommandError(f"There is no delivery {id}.")


def do(verb, letter, *arguments, **why):
    """Raises CommandError when it was not done."""
    result = outcome_of(getattr(Delivery, verb), letter, *arguments, **why)
    if result.outcome != "ok":
        raise CommandError(f"{result.outcome}: {result.words}")
