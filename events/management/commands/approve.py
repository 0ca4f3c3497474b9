from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events import approvals, bus
from events.aggregate import Refused
from events.management.by_hand import add_why, why_of
from events.models import Approval


class Command(BaseCommand):
    help = "Approves what a colleague asked for, and does it; or refuses it. Without an id: lists what waits."

    def add_arguments(self, parser):
        parser.add_argument("approval", nargs="?", type=UUID, metavar="APPROVAL_ID")
        parser.add_argument("--refuse", action="store_true", help="say no; nothing is done")
        add_why(parser, required=False)

    def handle(self, *, approval, refuse, dry_run, **options):
        waiting = [each for each in pending() if approval in (None, each.pk)]
        for each in waiting:
            self._tell(each)
        if approval is None:
            return
        if not waiting:
            raise CommandError("There is no such approval that waits.")
        why = why_of(**options)
        if not dry_run:
            self._decide(waiting[0], refuse=refuse, why=why)

    def _tell(self, approval):
        self.stdout.write(f"{approval.pk} {approval}")
        self.stdout.write(f"  asked for by {approval.operator}, {approval.points:,} P, until {approval.expires_at}")
        for item in approval.items:
            self.stdout.write(f"  {item['noun']}: {item['will']}")

    def _decide(self, approval, *, refuse, why):
        try:
            results = approvals.refuse(approval, **why) if refuse else approvals.approve(approval, **why)
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        for result in results or []:
            self.stdout.write(f"{result.noun}: {result.outcome}, {result.words}")
        if undone := sum(result.outcome != "ok" for result in results or []):
            raise CommandError(f"{undone} of {len(results)} were not done.")


def pending():
    """What waits for a second person, in all databases."""
    for using in bus.own_databases():
        waiting = Approval.objects.using(using).filter(state=Approval.State.PENDING)
        yield from (each for each in waiting if not approvals.is_over(each))
