"""How the service is, at the top of the console. Cheap, and it never raises: what can't be known is said so."""

from dataclasses import dataclass

import structlog
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from concert_site import alive
from concert_site.models import last_failures
from events.admin.domains import domains
from events.models import Delivery
from queueing import rooms
from queueing.models import Inflow, Room
from reservations.models import Concert, Reservation

logger = structlog.get_logger(__name__)
State = Delivery.State
GOOD, WATCH, BAD = "good", "watch", "bad"
LATE_SECONDS = 30
MOST_ROOMS = 20


@dataclass(frozen=True, kw_only=True)
class Sign:
    label: str
    words: str
    level: str
    address: str = ""


def health_strip() -> list[Sign]:
    checks = {
        _("Events under way"): _under_way,
        _("Dead letters"): _dead_letters,
        _("Reservations needing attention"): _attention,
        _("Beat and worker"): _processes,
        _("Invariants"): _invariants,
        _("Waiting rooms"): _rooms,
        _("Pace of the waiting rooms"): _inflow,
    }
    return [sign for label, check in checks.items() for sign in _signs(label, check)]


def _signs(label, check):
    try:
        return list(check(label))
    except Exception:
        logger.warning("health_strip_failed", check=check.__name__, exc_info=True)
        return [Sign(label=label, words=_("can't be found out"), level=BAD)]


def _under_way(label):
    """Ids grow with time, so the oldest is the first; dead ones and those behind them have a sign of their own."""
    firsts = [_first_under_way(alias) for alias in domains()]
    oldest = min((delivery.event.occurred_at for delivery in firsts if delivery), default=None)
    if oldest is None:
        yield Sign(label=label, words=_("none"), level=GOOD)
    else:
        seconds = max(0, round((now() - oldest).total_seconds()))
        words = _("the oldest for %(n)d s") % {"n": seconds}
        yield Sign(label=label, words=words, level=WATCH if seconds > LATE_SECONDS else GOOD)


def _first_under_way(alias):
    rows = Delivery.objects.using(alias).filter(state__in=[State.READY, State.LEASED])
    return rows.select_related("event").order_by("id").first()


def _dead_letters(label):
    found = {alias: dead for alias in domains() if (dead := _in_state(State.DEAD, using=alias))}
    if not found:
        yield Sign(label=label, words=_("none"), level=GOOD)
    for alias, dead in found.items():
        address = reverse("admin:events_delivery_changelist", query={"state__exact": State.DEAD, "domain": alias})
        told = {"dead": dead, "parked": _in_state(State.PARKED, using=alias), "domain": alias}
        words = _("%(dead)d in %(domain)s, %(parked)d waiting behind") % told
        yield Sign(label=label, words=words, level=BAD, address=address)


def _in_state(state, *, using):
    return Delivery.objects.using(using).filter(state=state).count()


def _attention(label):
    n = Reservation.objects.exclude(attention="").count()
    address = reverse("admin:reservations_reservation_changelist", query={"attention": "needed"})
    yield Sign(label=label, words=f"{n:,}" if n else _("none"), level=BAD if n else GOOD, address=address if n else "")


def _processes(label):
    silent = alive.silent()
    if not silent:
        yield Sign(label=label, words=_("alive"), level=GOOD)
    for name, seconds in silent.items():
        words = _("%(name)s silent for %(n)d s") if seconds else _("%(name)s has never reported")
        yield Sign(label=label, words=words % {"name": name, "n": seconds or 0}, level=BAD)


def _invariants(label):
    broken = last_failures()
    words = _("broken: %(letters)s") % {"letters": ", ".join(broken)} if broken else _("none broken")
    yield Sign(label=label, words=words, level=BAD if broken else GOOD, address=reverse("admin:reconciliation"))


def _rooms(label):
    open_rooms = list(Room.objects.exclude(state=Room.State.OFF).order_by("-id")[:MOST_ROOMS])
    if not open_rooms:
        yield Sign(label=label, words=_("none"), level=GOOD)
    titles = Concert.objects.in_bulk([room.concert_id for room in open_rooms])
    for room in open_rooms:
        concert = titles.get(room.concert_id)
        yield _room(room, label=_("Room: %(concert)s") % {"concert": concert or room.concert_id})


def _room(room, *, label):
    address = reverse("admin:queueing_room_change", args=[room.pk])
    try:
        front = rooms.front(concert_id=room.concert_id)
    except rooms.RoomUnavailable:
        return Sign(label=label, words=_("Redis is away"), level=BAD, address=address)
    words = _("%(state)s: %(waiting)d waiting, %(active)d in") % {
        "state": room.get_state_display(),
        "waiting": front.waiting,
        "active": front.active,
    }
    return Sign(label=label, words=words, level=GOOD, address=address)


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
        yield Sign(label=label, words=words, level=WATCH)
