import getpass
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events.aggregate import WrongStatus
from reservations import confirmation
from reservations.models import Reservation


class Command(BaseCommand):
    help = "Undoes a reservation by hand: frees its seats, gives its points back."

    def add_arguments(self, parser):
        parser.add_argument("reservation", type=UUID, metavar="RESERVATION_ID")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="operator", help="your name; else the system's name for you")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")

    def handle(self, *, reservation, reason, operator, dry_run, **options):
        if not reason.strip():
            raise CommandError("Say why, with --reason.")
        found = Reservation.objects.filter(pk=reservation).first()
        if found is None:
            raise CommandError("There is no such reservation.")
        self.stdout.write(f"{found}, version {found.version}")
        remedy = confirmation.compensation_of(found)
        if not remedy:
            raise CommandError(f"It is {found.status}: there is nothing to compensate.")
        self.stdout.write(remedy)
        if not dry_run:
            self._compensate(found, operator=operator or getpass.getuser(), reason=reason)

    def _compensate(self, found, **why):
        try:
            confirmation.compensate(found, seen_version=found.version, **why)
        except (WrongStatus, confirmation.AlreadyChanged) as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(self.style.SUCCESS(f"Done: {found.status}, version {found.version}."))
