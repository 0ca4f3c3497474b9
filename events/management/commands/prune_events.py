from collections import Counter

from django.core.management.base import BaseCommand

from events import bus
from events.pruning import prune


class Command(BaseCommand):
    help = (
        "Forgets deliveries, events and inbox rows that are over and old, in every database; the worker does so hourly."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="say how many would go now, change nothing")

    def handle(self, *, dry_run, **options):
        for using in bus.own_databases():
            gone = Counter()
            for name, n in prune(using=using, dry_run=dry_run):
                gone[name] += n
                self._show(using, gone)
            said = ", ".join(f"{n:,} {name}" for name, n in gone.items() if n) or "nothing"
            self.stdout.write(f"{using}: {said}{' would go' if dry_run else ' gone'}.")

    def _show(self, using, gone):
        """Progress, where somebody watches."""
        if self.stderr.isatty():
            self.stderr.write(f"\r{using}: {gone.total():,}", ending="")
