from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from concert_site.routers import Elsewhere
from concert_site.timeline import story_of, timeline_of
from events.admin.domains import domains
from events.models import Event, Transition
from reservations.models import Reservation


class Command(BaseCommand):
    help = "Prints the whole story of a reservation, a charge or a trace, out of all databases that can be looked into."

    def add_arguments(self, parser):
        parser.add_argument("id", type=UUID, help="of a reservation or charge, or a trace id as in the logs")
        parser.add_argument("--details", action="store_true", help="errors in full")

    def handle(self, *, id, details, **options):
        stories = [id] if _is_told(id) else sorted(_in_trace(id))
        if not stories:
            raise CommandError("Nothing is known under that id.")
        for correlation_id in stories:
            self._print(correlation_id, details=details)

    def _print(self, correlation_id, *, details):
        reservation = _reservation(correlation_id)
        entries = timeline_of(reservation) if reservation else story_of(correlation_id)
        self.stdout.write(self.style.MIGRATE_HEADING(f"{reservation or 'Story'} {correlation_id}"))
        for entry in entries:
            self.stdout.write(self._line(entry))
            if details and entry.details:
                self.stdout.writelines(f"    {line}\n" for line in entry.details.splitlines())
        self.stdout.write("")

    def _line(self, entry):
        at = f"{entry.at:%Y-%m-%d %H:%M:%S.%f}"[:-3]
        who = f"  ({entry.who})" if entry.who else ""
        line = f"{at}  {entry.domain:<12}  {entry.kind:<12}  {entry.what}  [{entry.name}]{who}"
        return self.style.ERROR(line) if entry.level == "trouble" else line


def _reservation(id):
    """None also where reservations are another deployment, and its database can't be looked into."""
    try:
        return Reservation.objects.filter(pk=id).first()
    except Elsewhere:
        return None


def _is_told(correlation_id):
    lines = (Transition.objects.using(alias).filter(correlation_id=correlation_id) for alias in domains())
    return any(found.exists() for found in lines)


def _in_trace(trace_id):
    """Correlation ids of what was published in that trace."""
    found = (Event.objects.using(alias).in_trace(trace_id.hex) for alias in domains())
    return {id for events in found for id in events.order_by().values_list("correlation_id", flat=True).distinct()}
