import time
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware

from events.admin.fans import account_of
from events.management.by_hand import add_why, why_of
from queueing import rooms
from queueing.handles import HANDLES
from queueing.management import verification
from queueing.models import Room, RoomChanged, WrongState


class Command(BaseCommand):
    help = "Look at waiting rooms, and operate them."

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", required=True)
        status = verbs.add_parser("status", help="How every room, or one, is doing.")
        status.add_argument("concert", nargs="?", type=UUID)
        status.add_argument("--watch", nargs="?", type=float, const=2, metavar="SECONDS", help="again and again")
        status.add_argument("--times", type=int, help="with --watch: so often, instead of until Ctrl-C")
        for handle in HANDLES.values():
            self._add_lever(verbs, handle)
        verification.add_to(verbs)

    def _add_lever(self, verbs, handle):
        lever = verbs.add_parser(handle.verb, help=str(handle.text))
        lever.add_argument("concert", type=UUID)
        for name, about in ARGUMENTS.get(handle.verb, {}).items():
            lever.add_argument(name, **about)
        add_why(lever)

    def handle(self, *, verb, **options):
        if verb == "verify":
            return verification.verify(self.stdout, **options)
        try:
            self._watch(options) if verb == "status" else self._pull(HANDLES[verb], options)
        except (WrongState, RoomChanged) as refusal:
            raise CommandError(str(refusal)) from None
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from None
        except rooms.RoomUnavailable:
            raise CommandError("The room can't be reached: is Redis up?") from None

    # Looking

    def _watch(self, options):
        rounds = options["times"] if options["watch"] is not None else 1
        while rounds is None or rounds > 0:
            self._status(options["concert"])
            rounds = None if rounds is None else rounds - 1
            if rounds != 0:
                time.sleep(options["watch"])

    def _status(self, concert_id):
        found = Room.objects.filter(concert_id=concert_id) if concert_id else Room.objects.all()
        if not found:
            raise CommandError("There is no such room." if concert_id else "There is no room yet.")
        for one in found:
            self.stdout.write(self._line(one))

    def _line(self, one):
        front = rooms.front(concert_id=one.concert_id)
        line = (
            f"{one.concert_id} {front.state}: {front.waiting} waiting, {front.active} of {one.max_active} active, "
            f"{front.pace_per_minute} of {one.per_minute} let in during the last minute, serving {front.serving_number}"
        )
        slowed = f", slowed to {front.inflow:.0%} ({front.slowed_by or 'recovering'})" if front.inflow < 1 else ""
        left = "" if front.stock is None else f", {sum(front.stock.values())} seats left"
        return line + slowed + left

    # Operating

    def _pull(self, handle, options):
        settings, why = _settings(handle, options), why_of(**options)
        one = Room.objects.filter(concert_id=options["concert"]).first() or Room(concert_id=options["concert"])
        self._refuse(handle, one, settings)
        self.stdout.write(str(handle.will(one, self._front(one), **settings)))
        if options["dry_run"]:
            return
        seen, one = one.version, Room.of(one.concert_id)
        done = handle.pull(one, settings, seen=seen, **why)
        self.stdout.write(self.style.SUCCESS(done))
        self.stdout.write(self._line(one))

    def _refuse(self, handle, one, settings):
        """Before anything is made or changed."""
        if one.pk is None and handle.at_once:
            raise CommandError("There is no such room.")
        if why_not := handle.why_not(one):
            raise CommandError(why_not)
        handle.check(one, settings)

    def _front(self, one):
        try:
            return rooms.front(concert_id=one.concert_id)
        except rooms.RoomUnavailable:
            return None


def _settings(handle, options):
    """What the lever takes, of what was said. Raises CommandError when nothing was."""
    arguments = ARGUMENTS.get(handle.verb, {})
    names = [about.get("dest", flag.strip("-").replace("-", "_")) for flag, about in arguments.items()]
    given = {name: options[name] for name in names if options[name] is not None}
    if arguments and not given:
        raise CommandError(f"Say {', '.join(arguments)} or some of them.")
    return given


def _moment(text):
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError(text)
    return make_aware(moment) if is_naive(moment) else moment


def _account(words):
    found = account_of(words)
    if found is None:
        raise ValueError(words)
    return found


def _count(words):
    if int(words) < 1:
        raise ValueError(words)
    return int(words)


def _on(word):
    if word not in ("on", "off"):
        raise ValueError(word)
    return word == "on"


ARGUMENTS = {
    "schedule": {"--at": {"dest": "opens_at", "required": True, "type": _moment, "help": "ISO 8601"}},
    "admit": {"count": {"type": _count, "metavar": "N"}},
    "bypass": {"--account": {"dest": "account_id", "required": True, "type": _account, "help": "e-mail address or id"}},
    "limits": {"--max-active": {"type": int}, "--per-minute": {"type": int}},
    "times": {
        "--active-seconds": {"type": int},
        "--longest-seconds": {"type": int},
        "--grace-seconds": {"type": int},
    },
    "announce": {"announcement": {"metavar": "TEXT", "help": "empty: it is taken back"}},
    "proof": {"asks_proof": {"type": _on, "metavar": "on|off"}},
}
