from django.core.management.base import BaseCommand, CommandError

from events.forwarding import places
from events.handles import outcome_of
from events.management.by_hand import add_why, why_of
from events.models import Destination
from events.models.destination import AlreadySo
from events.models.standing import standing


class Command(BaseCommand):
    help = "Shows who listens to events and whether they are delivered to; pauses and resumes one."

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", metavar="{pause,resume}")
        for verb, what in [("pause", "deliver nothing to it; what comes is kept"), ("resume", "go on")]:
            verb = verbs.add_parser(verb, help=what)
            verb.add_argument("name", help="of the consumer, or broker:<domain> for the way to another deployment")
            add_why(verb)

    def handle(self, *, verb, **options):
        undone = list(self._switch(verb, **options)) if verb else []
        for each in _here():
            self.stdout.write(f"{each.name:15} in {each.database:15} {in_full(each)}")
        if undone:
            raise CommandError("\n".join(undone))

    def _switch(self, verb, *, name, dry_run, **options):
        """In each database that the way to another deployment has a row in; yields where it was not done, and why."""
        why, rows = why_of(**options), [each.row for each in _here() if each.name == name]
        if not rows:
            raise CommandError(f"There is no consumer {name} here.")
        for row in rows:
            at = f"{name} in {row._state.db}"
            if dry_run:
                self.stdout.write(f"{at}: {would(verb, row)}")
                continue
            result = outcome_of(Destination.switch, row, verb, **why)
            self.stdout.write(f"{at}: {result.outcome}")
            if result.outcome != "ok":
                yield f"{at}: {result.words}"


def _here():
    return standing([place for place in places() if place[1]], authors=[])


def would(verb, row) -> str:
    is_so = row.paused == (verb == "pause")
    return str(AlreadySo(row, paused=row.paused)) if is_so else f"would {verb}."


def in_full(told) -> str:
    said = [told.word] if told.paused or not told.away_since else []
    if told.away_since:
        said.append(f"away since {told.away_since:%Y-%m-%d %H:%M:%S %Z}, next probe {told.probe_at:%H:%M:%S}")
    if told.outages:
        said.append(f"{told.outages} outages in a row, the last {told.last_error}")
    return "; ".join(said)
