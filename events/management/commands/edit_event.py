import difflib
import json
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from events import messages
from events.management.by_hand import add_why, why_of
from events.management.letters import do, letter_of
from events.models import Delivery


class Command(BaseCommand):
    help = (
        "Gives a dead delivery up for a new event that says something else, in its place in the lane. Shows the"
        " difference first. Switched off unless EDIT_DEAD_LETTERS is set."
    )

    def add_arguments(self, parser):
        parser.add_argument("id", type=UUID, help="of the delivery")
        parser.add_argument("--set", nargs="+", required=True, metavar="NAME=JSON", help="what is to be said instead")
        add_why(parser)

    def handle(self, *, id, set, dry_run, **options):
        if not settings.EDIT_DEAD_LETTERS:
            raise CommandError("Changing messages is switched off here (EDIT_DEAD_LETTERS).")
        why, letter = why_of(**options), letter_of(id)
        if letter.state not in Delivery.OPEN:
            raise CommandError(f"{letter} is {letter.state}, not dead.")
        data = _changed(letter, set)
        self.stdout.writelines(_difference(letter.event.data, data))
        if dry_run:
            return
        do("edit", letter, data, **why)
        self.stdout.write(f"{letter.pk} {letter}: ok")


def _changed(letter, changes):
    try:
        changed = {name: json.loads(value) for name, _, value in (each.partition("=") for each in changes)}
        return messages.read(type=letter.event.type, data=letter.event.data | changed).to_data()
    except (ValueError, LookupError) as error:
        raise CommandError(f"That is no such message: {error}") from None


def _difference(old, new):
    before, after = (json.dumps(data, indent=2, ensure_ascii=False, sort_keys=True).splitlines() for data in (old, new))
    return difflib.unified_diff(before, after, "as it is", "as it will be", lineterm="")
