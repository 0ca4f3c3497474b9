from django.conf import settings
from django.core.management.base import CommandError

from events.management.letters import OnLetters
from events.models import Delivery


class Command(OnLetters):
    help = (
        "Gives dead or shelved deliveries up for good, each with an operator's action; their lanes go on without them."
    )
    verb, would_be = "discard", "would be discarded"
    states = Delivery.OPEN

    def handle(self, *, consumer, fingerprint, ids, **options):
        if not (consumer or fingerprint or ids):
            raise CommandError("Say which, with --consumer, --fingerprint or --id.")
        super().handle(consumer=consumer, fingerprint=fingerprint, ids=ids, **options)

    def check_number(self, n):
        """It can't be taken back."""
        if n > settings.APPROVAL_COUNT:
            raise CommandError(
                f"These are {n:,}, and no more than {settings.APPROVAL_COUNT:,} are given up at once. Name them in"
                " portions, with --id; --dry-run lists them."
            )
