"""Pages that need several domains, and the header that all pages have."""

from functools import wraps
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from api.problems import Forbidden
from events import bus
from events.clock import database_now
from payments.forms import ChargeForm
from payments.views import account_of
from queueing import passes, rooms
from queueing.fairness import Fairness
from queueing.views import Leaving, Room
from reservations.api.purchase import own
from reservations.models import Claim, Concert, Performance, Reservation, Sale, Seat
from reservations.views import to_waiting_room

COOKIE_SECONDS = 24 * 3600  # longer than any active time: a hold may be paid after it
Status = Reservation.Status


def header(request):
    """Context processor. Asked only where a template shows it."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {
        "header_balance": lambda: account_of(user.pk).balance,
        "header_unread": lambda: user.notifications.filter(read_at=None).count(),
    }


# --- Concerts and their waiting rooms ----------------------------------------------------------------------------


@require_GET
def concert(request, pk):
    found = get_object_or_404(Concert, pk=pk)
    performances = Performance.objects.filter(concert=found).with_sale_status().order_by("sale_rank", "starts_at")
    performances = list(performances.select_related("plan__venue").prefetch_related("prices"))
    for performance in performances:
        performance.remaining = max(0, performance.seat_count - performance.taken)
    context = {"concert": found, "performances": performances, "room": _room_of(found)}
    return render(request, "reservations/concert.html", context)


def _room_of(concert):
    """The front of its waiting room; None when it is off, or can't be asked."""
    try:
        front = rooms.front(concert_id=concert.pk)
    except rooms.RoomUnavailable:
        return None
    return None if front.state == rooms.OFF else front


class OfConcerts:
    def get_concert(self, concert_id):
        return get_object_or_404(Concert, pk=concert_id)

    def remember(self, response, place):
        """The queue token, for the gate and for the way back after a loss; a room that is off gives none."""
        if place.token:
            response.set_cookie(
                passes.cookie_name(place.concert_id), place.token, max_age=COOKIE_SECONDS,
                httponly=True, samesite="Lax", secure=self.request.is_secure(),
            )  # fmt: skip


class WaitingRoom(OfConcerts, Room):
    pass


class LeavingTheRoom(OfConcerts, Leaving):
    pass


class FairnessOfTheDraw(OfConcerts, Fairness):
    pass


# --- Choosing seats ----------------------------------------------------------------------------------------------


def at_the_box_office(view):
    """Of a view that is called with the performance by who has been let in; others go where they can wait."""

    @login_required
    @never_cache
    @require_GET
    @wraps(view)
    def guarded(request, pk):
        rows = Performance.objects.with_sale_status().select_related("concert", "plan__venue")
        performance = get_object_or_404(rows, pk=pk)
        if performance.sale in (Sale.TO_COME, Sale.CLOSED):
            messages.info(request, _("This performance is not on sale."))
            return redirect("concert", performance.concert_id)
        try:
            request.gate.check(concert_id=performance.concert_id, user_id=request.user.pk)
        except Forbidden:
            return to_waiting_room(performance.concert_id, then=request.get_full_path())
        return view(request, performance)

    return guarded


@at_the_box_office
def performance(request, performance):
    """The seat map; `taken` and `offer` come from a hold that was too late."""
    context = _box_office(request, performance) | {
        "taken": _seats_named(performance, request.GET.getlist("taken")),
        "offer": _seats_named(performance, request.GET.getlist("offer")),
    }
    return render(request, "reservations/performance.html", context)


@at_the_box_office
def seat_list(request, performance):
    """The free seats of one section as checkboxes: without JavaScript, or for who would rather read."""
    seats = Seat.objects.filter(performance=performance)
    sections = list(dict.fromkeys(seats.order_by("order").values_list("section", flat=True)))
    section = request.GET.get("section", sections[0] if len(sections) == 1 else None)
    prices = dict(performance.prices.values_list("grade", "amount"))
    taken = Claim.objects.live().filter(performance=performance).values("seat")
    free = list(seats.filter(section=section).exclude(id__in=taken).order_by("order"))
    for seat in free:
        seat.price = prices[seat.grade]
    context = _box_office(request, performance) | {"sections": sections, "section": section, "free": free}
    return render(request, "reservations/seat_list.html", context)


def _box_office(request, performance):
    mine = Claim.objects.live().filter(performance=performance, reservation__user_id=request.user.pk)
    held = Reservation.objects.live().of(request.user.pk).filter(performance=performance)
    return {
        "performance": performance,
        "limit": max(0, performance.seat_limit - mine.count()),
        "held": held.exclude(status=Status.CONFIRMED).first(),
        "key": uuid4(),
        "now": database_now(bus.home(Reservation)),
        **_pass_of(request, performance.concert_id),
    }


def _pass_of(request, concert_id):
    """The queue token that this browser has, and until when it may choose."""
    token = request.COOKIES.get(passes.cookie_name(concert_id), "")
    try:
        return {"queue_token": token, "active_until": passes.read(token).active_until}
    except passes.InvalidPass:
        return {"queue_token": "", "active_until": None}


def _seats_named(performance, ids):
    """The performance's seats of these ids; they come with the URL, so nonsense is left out."""
    known = [id for id in ids[:100] if _is_uuid(id)]
    return list(Seat.objects.filter(performance=performance, id__in=known).order_by("order")) if known else []


def _is_uuid(text):
    try:
        return bool(UUID(text))
    except ValueError:
        return False


# --- Paying ------------------------------------------------------------------------------------------------------


@login_required
@never_cache
@require_GET
def checkout(request, pk):
    """The hold with its countdown, the balance and the Pay button; then what became of the payment."""
    reservation = own(request, pk)
    if reservation.shown_status == Status.EXPIRED:
        messages.error(request, _("Your time to pay is over and the seats are free again. Please choose again."))
        return redirect("performance", reservation.performance_id)
    if reservation.shown_status == Status.HELD:
        return render(request, "reservations/checkout.html", _bill(request, reservation))
    if reservation.shown_status in (Status.PAYING, Status.FAILED):
        template = f"reservations/{reservation.shown_status.lower()}.html"
        return render(request, template, {"reservation": reservation, "balance": account_of(request.user.pk).balance})
    return redirect("reservation", pk)


def _bill(request, reservation):
    balance = account_of(request.user.pk).balance
    missing = max(0, reservation.amount - balance)
    return {
        "reservation": reservation,
        "balance": balance,
        "missing": missing,
        "left": balance - reservation.amount,
        "form": ChargeForm(missing=missing),
        "key": uuid4(),
        "now": database_now(bus.home(Reservation)),
    }
