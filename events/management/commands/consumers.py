import getpass
from operator import attrgetter

from django.core.management.base import BaseCommand, CommandError

from events.consumers import consumer, consumers
from events.models import Destination
from events.models.destination import AlreadySo

is_here = attrgetter("is_here")


class Command(BaseCommand):
    help = "Shows who listens to events and whether they are delivered to; pauses and resumes one."

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", metavar="{pause,resume}")
        for verb, what in [("pause", "deliver nothing to it; what comes is kept"), ("resume", "go on")]:
            verb = verbs.add_parser(verb, help=what)
            verb.add_argument("name", help="of the consumer")
            verb.add_argument("--reason", required=True)
            verb.add_argument("--as", dest="operator", help="your name; else the system's name for you")

    def handle(self, *, verb, **options):
        if verb:
            self._switch(verb, **options)
        for each in filter(is_here, consumers()):
            row = Destination.objects.using(each.database).filter(consumer=each.name).first()
            self.stdout.write(f"{each.name:15} in {each.database:15} {in_words(row)}")

    def _switch(self, verb, *, name, reason, operator, **options):
        if name not in [each.name for each in filter(is_here, consumers())]:
            raise CommandError(f"There is no consumer {name} here.")
        if not reason.strip():
            raise CommandError("Say why, with --reason.")
        try:
            getattr(consumer(name), verb)(operator=operator or getpass.getuser(), reason=reason)
        except AlreadySo as already:
            raise CommandError(str(already)) from None


def in_words(row) -> str:
    if row is None or not (row.paused or row.outages):
        return "open"
    said = ["paused"] if row.paused else []
    if row.away_since:
        said.append(f"away since {row.away_since:%Y-%m-%d %H:%M:%S %Z}, next probe {row.probe_at:%H:%M:%S}")
    if row.outages:
        said.append(f"{row.outages} outages in a row, the last {row.last_error}")
    return "; ".join(said)
