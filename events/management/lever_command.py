"""Levers at the command line: on the things with these ids, with a reason, by name."""

from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events import approvals
from events.aggregate import Refused, revisions
from events.management.by_hand import add_why, why_of


class LeverCommand(BaseCommand):
    """Pulls a handle. Each thing for itself; ends with an error unless it was done, or asked for, for all of them."""

    def add_things(self, parser, handle):
        parser.add_argument("ids", nargs="+", type=UUID, metavar=f"{handle.of._meta.model_name.upper()}_ID")
        add_why(parser)

    def pull(self, handle, *, ids, dry_run, **options):
        why, nouns = why_of(**options), self._found(handle, ids)
        seen = revisions(nouns)
        refusals = {noun: refusal for noun in nouns if (refusal := self._tell(handle, noun))}
        able = [noun for noun in nouns if noun not in refusals]
        why_two = approvals.why_second_person(count=len(able), points=sum(handle.points(noun) for noun in able))
        if why_two:
            self.stdout.write(why_two)
        if not dry_run and able:
            do = self._ask if why_two else self._pull
            refusals |= do(handle, able, seen=seen, why=why)
        if refusals:
            raise CommandError(*refusals.values() if len(nouns) == 1 else [f"{len(refusals)} were not done."])

    def _found(self, handle, ids):
        nouns = handle.of._base_manager.filter(pk__in=ids).order_by("pk")
        if missing := set(ids) - {noun.pk for noun in nouns}:
            raise CommandError(f"There is no such {handle.of._meta.verbose_name}: {', '.join(map(str, missing))}.")
        return list(nouns)

    def _tell(self, handle, noun) -> str:
        """Say what will happen to it; returns why nothing will."""
        why_not = handle.why_not(noun)
        self.stdout.write(f"{noun}, version {noun.version}: {why_not or handle.will(noun)}")
        return why_not

    def _pull(self, handle, nouns, *, seen, why) -> dict:
        """{noun: why it was not done}"""
        undone = {}
        for noun in nouns:
            result = handle.pull(noun, seen=seen[str(noun.pk)], **why)
            if result.outcome == "ok":
                self.stdout.write(self.style.SUCCESS(f"{noun}, version {noun.version}: {result.words}"))
            else:
                self.stdout.write(f"{noun}, version {noun.version}: {result.outcome}")
                undone[noun] = result.words
        return undone

    def _ask(self, handle, nouns, *, seen, why) -> dict:
        these = {str(noun.pk): seen[str(noun.pk)] for noun in nouns}
        try:
            approval = approvals.ask(handle, nouns, seen=these, **why)
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"Asked for. Somebody else approves it: manage.py approve {approval.pk}")
        return {}
