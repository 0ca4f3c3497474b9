from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events.management.by_hand import add_why, why_of
from events.management.letters import do, letter_of
from events.models import Delivery


class Command(BaseCommand):
    help = (
        "Sends a delivery that is done, and what is done behind it in its lane, once more. What took effect has no"
        " effect again; what a restored database forgot has."
    )

    def add_arguments(self, parser):
        parser.add_argument("id", type=UUID, help="of the delivery to begin with")
        add_why(parser)

    def handle(self, *, id, dry_run, **options):
        why, letter = why_of(**options), letter_of(id)
        if letter.state != Delivery.State.DONE:
            raise CommandError(f"{letter} is {letter.state}, not done.")
        behind = letter.tail().filter(state=Delivery.State.DONE).count()
        self.stdout.write(f"{letter} v{letter.seq} and {behind:,} behind it in its lane.")
        if dry_run:
            return
        do("replay", letter, **why)
        self.stdout.write("On its way again.")
