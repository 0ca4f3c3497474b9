from operator import attrgetter

from django.core.management.base import BaseCommand, CommandError

from events.consumers import consumers
from events.forwarding import ways
from events.management.by_hand import add_why, why_of
from events.models import Destination
from events.models.destination import AlreadySo

is_here = attrgetter("is_here")


class Command(BaseCommand):
    help = "Shows who listens to events and whether they are delivered to; pauses and resumes one."

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", metavar="{pause,resume}")
        for verb, what in [("pause", "deliver nothing to it; what comes is kept"), ("resume", "go on")]:
            verb = verbs.add_parser(verb, help=what)
            verb.add_argument("name", help="of the consumer, or broker:<domain> for the way to another deployment")
            add_why(verb)

    def handle(self, *, verb, **options):
        if verb:
            self._switch(verb, **options)
        for name, using in _places():
            row = Destination.objects.using(using).filter(consumer=name).first()
            self.stdout.write(f"{name:15} in {using:15} {in_words(row)}")

    def _switch(self, verb, *, name, dry_run, **options):
        homes, why = [using for each, using in _places() if each == name], why_of(**options)
        if not homes:
            raise CommandError(f"There is no consumer {name} here.")
        if dry_run:
            self.stdout.write(f"Would {verb} {name}. It is as follows.")
            return
        try:
            for using in homes:
                getattr(Destination, verb)(name, using=using, **why)
        except AlreadySo as already:
            raise CommandError(str(already)) from None


def _places():
    return [(each.name, each.database) for each in filter(is_here, consumers())] + ways()


def in_words(row) -> str:
    if row is None or not (row.paused or row.outages):
        return "open"
    said = ["paused"] if row.paused else []
    if row.away_since:
        said.append(f"away since {row.away_since:%Y-%m-%d %H:%M:%S %Z}, next probe {row.probe_at:%H:%M:%S}")
    if row.outages:
        said.append(f"{row.outages} outages in a row, the last {row.last_error}")
    return "; ".join(said)
