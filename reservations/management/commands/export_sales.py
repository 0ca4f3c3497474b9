from datetime import date
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from reservations import sales
from reservations.models import Performance

TOLD_EVERY = 10_000


class Command(BaseCommand):
    help = "Writes sales as CSV, a line for each reservation that was confirmed, also those cancelled since."

    def add_arguments(self, parser):
        day = {"type": date.fromisoformat, "metavar": "YYYY-MM-DD"}
        parser.add_argument("--performance", type=UUID, metavar="ID", help="else all")
        parser.add_argument("--from", dest="since", **day, help="sold on that day or later")
        parser.add_argument("--to", dest="until", **day, help="sold on that day or before")

    def handle(self, *, performance, since, until, **options):
        found = Performance.objects.select_related("plan__venue").defer("plan__layout").order_by("starts_at", "pk")
        found = list(found.filter(pk=performance) if performance else found)
        if performance and not found:
            raise CommandError("There is no such performance.")
        period = sales.period(since=since, until=until)
        count = sales.count_of(found, **period)
        for n, line in enumerate(sales.lines(found, **period)):
            self.stdout.write(line, ending="")
            if n % TOLD_EVERY == 0 or n == count:
                self.stderr.write(f"{n:,} of {count:,} lines")
