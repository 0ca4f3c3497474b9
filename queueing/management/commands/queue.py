from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware

from events import bus
from queueing import levers, rooms
from queueing.management import verification
from queueing.models import Room, RoomChanged, WrongState

STATE_LEVERS = {
    "open": (levers.open_room, "Let fans in, for the first time or again."),
    "pause": (levers.pause, "Let nobody in; places are kept."),
    "close": (levers.close, "Let nobody in and nobody come."),
    "off": (levers.turn_off, "Nobody needs a place."),
}


class Command(BaseCommand):
    help = "Look at waiting rooms, and operate them."

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", required=True)
        status = verbs.add_parser("status", help="How every room, or one, is doing.")
        status.add_argument("concert", nargs="?", type=UUID)
        for verb, (_lever, text) in STATE_LEVERS.items():
            self._add_lever(verbs, verb, text)
        schedule = self._add_lever(verbs, "schedule", "Let fans come and wait until the room opens by itself.")
        schedule.add_argument("--at", required=True, type=_moment, help="ISO 8601")
        limits = self._add_lever(verbs, "limits", "Change how many are let in.")
        limits.add_argument("--max-active", type=int)
        limits.add_argument("--per-minute", type=int)
        verification.add_to(verbs)

    def _add_lever(self, verbs, name, text):
        lever = verbs.add_parser(name, help=text)
        lever.add_argument("concert", type=UUID)
        lever.add_argument("--reason", required=True)
        lever.add_argument("--as", dest="operator", required=True, help="your name")
        return lever

    def handle(self, *, verb, **options):
        if verb == "verify":
            return verification.verify(self.stdout, **options)
        try:
            self._status(options["concert"]) if verb == "status" else self._pull(verb, options)
        except (WrongState, RoomChanged) as refusal:
            raise CommandError(str(refusal)) from None
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from None
        except rooms.RoomUnavailable:
            raise CommandError("Redis does not answer.") from None

    def _status(self, concert_id):
        found = Room.objects.filter(concert_id=concert_id) if concert_id else Room.objects.all()
        if not found:
            raise CommandError("There is no such room." if concert_id else "There is no room yet.")
        for one in found:
            self.stdout.write(self._line(one))

    def _line(self, one):
        front = rooms.front(concert_id=one.concert_id)
        return (
            f"{one.concert_id} {front.state}: {front.waiting} waiting, {front.active} of {one.max_active} active, "
            f"{front.pace_per_minute} of {one.per_minute} let in during the last minute, serving {front.serving_number}"
        )

    def _pull(self, verb, options):
        lever, settings = self._lever(verb, options)
        with bus.atomic(Room):  # a room that is refused its first change is not made
            one = Room.of(options["concert"])
            lever(one, operator=options["operator"], reason=options["reason"], **settings)
        self.stdout.write(self.style.SUCCESS(f"Done: {one.get_state_display()}."))
        self.stdout.write(self._line(one))

    def _lever(self, verb, options):
        if verb == "schedule":
            return levers.schedule, {"opens_at": options["at"]}
        if verb != "limits":
            return STATE_LEVERS[verb][0], {}
        limits = {name: options[name] for name in ["max_active", "per_minute"] if options[name] is not None}
        if not limits:
            raise CommandError("Say --max-active, --per-minute or both.")
        return levers.set_limits, limits


def _moment(text):
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError(text)
    return make_aware(moment) if is_naive(moment) else moment
