"""How the service is, at the top of the console. Cheap, and it never raises: what can't be known is said so."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from concert_site import alive
from concert_site.admin.levels import BAD, GOOD, WATCH
from concert_site.attention import CALLS, LATE, barred
from concert_site.invariants import LETTERS
from concert_site.models import Finding
from concert_site.timeline.words import CONSUMERS, in_words
from events.admin.domains import domains
from events.models import Delivery
from payments.models import Charge
from queueing import rooms
from queueing.models import Inflow, Room
from reservations.models import Concert, Reservation

logger = structlog.get_logger(__name__)
State = Delivery.State
LATE_SECONDS = 30
GRACE = timedelta(minutes=30)  # for looks that wait for one another
MOST_ROOMS = 20
MOST = 2_000  # of anything is counted


@dataclass(frozen=True, kw_only=True)
class Sign:
    """normal: what one would like to read there. address: where it is looked into and repaired."""

    label: str
    words: str
    level: str
    normal: str
    address: str = ""

    @property
    def in_short(self):
        return {GOOD: _("Normal"), WATCH: _("Keep an eye on it"), BAD: _("Act")}[self.level]


def health_strip() -> list[Sign]:
    """The gravest are not put first: each sign has its place, where an operator looks for it."""
    checks = {
        _("Reservations past their deadline"): _past_deadline,
        _("Reservations that call for an operator"): _calling,
        _("Oldest message under way"): _under_way,
        _("Dead letters"): _dead_letters,
        _("Held up behind dead letters"): _parked,
        _("Destinations away or paused"): _barred,
        _("Charges needing attention"): _charges,
        _("Invariants"): _invariants,
        _("Beat and worker"): _processes,
        _("Waiting rooms"): _rooms,
        _("Pace of the waiting rooms"): _inflow,
    }
    return [sign for label, check in checks.items() for sign in _signs(label, check)]


def _signs(label, check):
    try:
        return list(check(label))
    except Exception:
        logger.warning("health_strip_failed", check=check.__name__, exc_info=True)
        return [Sign(label=label, words=_("can't be found out"), level=BAD, normal=_("an answer"))]


# Reservations


def _past_deadline(label):
    late = Reservation.objects.past_deadline(now(), most=MOST)
    yield _counted(label, late.count(), address=_attention(cause=LATE))


def _calling(label):
    n = Reservation.objects.needing_attention()[:MOST].count()
    yield _counted(label, n, address=_attention(cause=CALLS))


def _attention(**query):
    return reverse("admin:attention", query=query)


# Messages


def _under_way(label):
    """Ids grow with time, so the oldest is the first; dead ones and those behind them have a sign of their own."""
    firsts = [_first_under_way(alias) for alias in domains()]
    oldest = min((delivery.event.occurred_at for delivery in firsts if delivery), default=None)
    seconds = max(0, round((now() - oldest).total_seconds())) if oldest else 0
    words = ngettext("%(n)d second old", "%(n)d seconds old", seconds) if oldest else _("none under way")
    if seconds >= 120:
        words = _("%(age)s old") % {"age": timesince(oldest)}
    yield Sign(
        label=label, words=words % {"n": seconds}, level=WATCH if seconds > LATE_SECONDS else GOOD,
        normal=_("less than %(n)d seconds") % {"n": LATE_SECONDS}, address=_consumers(),
    )  # fmt: skip


def _first_under_way(alias):
    rows = Delivery.objects.using(alias).filter(state__in=[State.READY, State.LEASED])
    return rows.select_related("event").defer("last_error").order_by("id").first()


def _dead_letters(label):
    n = sum(Delivery.objects.using(alias).filter(state=State.DEAD)[:MOST].count() for alias in domains())
    yield _counted(label, n, address=_letters())


def _parked(label):
    n = sum(_parked_lanes(alias)[:MOST].count() for alias in domains())
    yield _counted(label, n, address=_letters(), words=ngettext("%(n)s lane", "%(n)s lanes", n))


def _parked_lanes(alias):
    lane = ["consumer", "aggregate_type", "aggregate_id"]
    return Delivery.objects.using(alias).filter(state=State.PARKED).order_by().values(*lane).distinct()


def _letters():
    return reverse("admin:dead_letters")


# Those who get them


def _barred(label):
    """Two signs of one look."""
    rows = barred()
    yield _named(_("Destinations away"), [row for row in rows if row.away_since], level=BAD)
    yield _named(_("Paused"), [row for row in rows if row.paused], level=WATCH)


def _named(label, rows, *, level):
    names = sorted({in_words(CONSUMERS, row.consumer) for row in rows})
    told = {"words": ", ".join(names), "level": level} if names else {"words": _("none"), "level": GOOD}
    return Sign(label=label, normal=_("none"), address=_consumers(), **told)


def _consumers():
    return reverse("admin:consumers")


def _charges(label):
    """Only worth a word where the gateway does not answer."""
    if n := Charge.objects.filter(status=Charge.Status.PENDING).exclude(attention="").count():
        address = reverse("admin:payments_charge_changelist", query={"status__exact": Charge.Status.PENDING})
        yield _counted(label, n, address=address)


def _processes(label):
    silent = alive.silent()
    told = {"label": label, "normal": _("alive"), "address": _consumers()}
    if not silent:
        yield Sign(words=_("alive"), level=GOOD, **told)
    for name, seconds in silent.items():
        words = _("%(name)s silent for %(n)d s") if seconds else _("%(name)s has never reported")
        yield Sign(words=words % {"name": name, "n": seconds or 0}, level=BAD, **told)


# What must always be true


def _invariants(label):
    looks = {look.letter: look for look in Finding.objects.last_looks()}
    broken = [letter for letter, look in looks.items() if look.holds is False]
    known = [letter for letter, look in looks.items() if look.holds and look.finished_at > _too_old(letter)]
    unknown = [letter for letter in LETTERS if letter not in broken + known]
    words = _("broken: %(letters)s") if broken else _("not known of: %(letters)s") if unknown else _("all hold")
    words %= {"letters": ", ".join(broken or unknown)}
    if looks:
        oldest = min(look.finished_at for look in looks.values())
        words += ", " + _("looked at %(age)s ago") % {"age": timesince(oldest)}
    level = BAD if broken else WATCH if unknown else GOOD
    yield Sign(label=label, words=words, level=level, normal=_("all hold"), address=reverse("admin:reconciliation"))


def _too_old(letter):
    """Nobody has looked since, though the timetable should have several times."""
    return now() - 3 * LETTERS[letter].every - GRACE


# Waiting rooms


def _rooms(label):
    open_rooms = list(Room.objects.exclude(state=Room.State.OFF).order_by("-id")[:MOST_ROOMS])
    if not open_rooms:
        address = reverse("admin:queueing_room_changelist")
        yield Sign(
            label=label, words=_("none open"), level=GOOD, normal=_("one for each concert on sale"), address=address
        )
    titles = Concert.objects.in_bulk([room.concert_id for room in open_rooms])
    for room in open_rooms:
        concert = titles.get(room.concert_id)
        yield _room(room, label=_("Room: %(concert)s") % {"concert": concert or room.concert_id})


def _room(room, *, label):
    address = reverse("admin:queueing_room_change", args=[room.pk])
    try:
        front = rooms.front(concert_id=room.concert_id)
    except rooms.RoomUnavailable:
        return Sign(label=label, words=_("can't be reached"), level=BAD, normal=_("reachable"), address=address)
    words = _("%(state)s: %(waiting)d waiting, %(active)d in") % {
        "state": room.get_state_display(),
        "waiting": front.waiting,
        "active": front.active,
    }
    normal = _("at most %(n)s in") % {"n": f"{room.max_active:,}"}
    return Sign(label=label, words=words, level=GOOD, normal=normal, address=address)


def _inflow(label):
    """Only worth a word where the shop holds the operators' pace down."""
    inflow = Inflow.current()
    if inflow.share < 1:
        words = _(
            "%(share)d %% of what you allow: %(reason)s (of 100 requests %(slow).0f slow, %(failed).0f failed)"
        ) % {
            "share": 100 * inflow.share,
            "reason": inflow.get_reason_display(),
            "slow": inflow.slow_percent,
            "failed": inflow.failed_percent,
        }
        address = reverse("admin:queueing_room_changelist")
        yield Sign(label=label, words=words, level=WATCH, normal=_("all that you allow"), address=address)


def _counted(label, n, *, address, words="%(n)s"):
    """What there should be none of."""
    told = words % {"n": f"{n:,}" if n < MOST else f"{MOST:,}+"}
    level = BAD if n else GOOD
    return Sign(label=label, words=told if n else _("none"), level=level, normal=_("none"), address=address)
