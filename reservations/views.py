"""Pages about concerts and a fan's own reservations. Those with another domain on them: concert_site/pages.py."""

from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, F
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from redis.exceptions import RedisError

from api.problems import Forbidden
from events import bus
from events.aggregate import WrongStatus
from events.models import Transition
from reservations import cancellation, holding, ranking, tickets
from reservations.api.catalogue import popular
from reservations.api.purchase import own
from reservations.catalogue import concerts as all_concerts
from reservations.forms import CancelForm, HoldForm, PayForm
from reservations.models import Performance, Reservation
from reservations.models.reservation import HoldExpired

CONCERTS_PER_PAGE = 24
RESERVATIONS_PER_PAGE = 20
RANKED = 5
ORDERINGS = {
    "": ("sale_rank", "next_start", "id"),
    "starts_at": (F("next_start").asc(nulls_last=True), "id"),
    "title": ("title", "id"),
}
Status = Reservation.Status


# --- Concerts ----------------------------------------------------------------------------------------------------


@require_GET
def concerts(request):
    words = request.GET.get("search", "")[:200].replace("\0", "").strip()
    ordering = request.GET.get("ordering", "")
    ordering = ordering if ordering in ORDERINGS else ""
    rows = all_concerts().search(words).order_by(*ORDERINGS[ordering])
    context = {
        "page": Paginator(rows, CONCERTS_PER_PAGE).get_page(request.GET.get("page")),
        "search": words,
        "ordering": ordering,
        **_ranking(request.GET.get("period")),
    }
    return render(request, "reservations/concerts.html", context)


def _ranking(period):
    """The best sellers; none while Redis is away."""
    period = period if period in ranking.PERIODS else "week"
    try:
        return {"period": period, "ranked": popular(period=period, limit=RANKED)}
    except RedisError:
        return {"period": period, "ranked": []}


# --- Buying ------------------------------------------------------------------------------------------------------


@login_required
@require_POST
def hold(request, pk):
    performance = get_object_or_404(Performance.objects.select_related("concert"), pk=pk)
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _back_to_map(request, performance, next(iter(form.errors.values()))[0])
    try:
        place = request.gate.check(concert_id=performance.concert_id, user_id=request.user.pk)
    except Forbidden:
        return to_waiting_room(performance.concert_id, then=resolve_url("performance", pk))
    return _hold(request, performance, form.cleaned_data, place=place)


def _hold(request, performance, wanted, *, place):
    seat_ids, key = wanted["seats"], str(wanted["key"])
    fan = {"user_id": request.user.pk, "place": place, "key": key}
    try:
        reservation = holding.hold(performance=performance, seat_ids=seat_ids, **fan)
    except holding.InvalidSeats:
        return _back_to_map(request, performance, _("These are not seats of this performance."))
    except holding.SalesClosed:
        return _back_to_map(request, performance, _("This performance is not on sale."))
    except holding.SeatLimitExceeded:
        told = _("You may have %(limit)d seats of this performance at once, and hold seats only once at a time.")
        return _back_to_map(request, performance, told % {"limit": performance.seat_limit})
    except holding.SeatsUnavailable as taken:
        return _offer_others(performance, seat_ids, taken)
    return redirect("checkout", reservation.pk)


def _back_to_map(request, performance, told):
    messages.error(request, told)
    return redirect("performance", performance.pk)


def _offer_others(performance, wanted, taken):
    """Back to the map, which names the taken seats and offers the nearest equal ones together with the rest."""
    gone = set(taken.seat_ids)
    offer = [id for id in wanted if id not in gone] + taken.alternatives[: len(gone)]
    query = urlencode({"taken": taken.seat_ids, "offer": offer if taken.alternatives else []}, doseq=True)
    return HttpResponseRedirect(f"{resolve_url('performance', performance.pk)}?{query}")


def to_waiting_room(concert_id, *, then):
    return HttpResponseRedirect(f"{resolve_url('waiting-room', concert_id)}?{urlencode({'next': then})}")


@login_required
@require_POST
def pay(request, pk):
    """Submit. Payments mostly answers at once; while it has not, the checkout waits for it."""
    reservation = own(request, pk)
    form = PayForm(request.POST)
    if not form.is_valid():
        return redirect("checkout", pk)
    try:
        concert_id = reservation.performance.concert_id
        request.gate.check_hold(concert_id=concert_id, user_id=request.user.pk, place=reservation.place)
        reservation.submit(key=str(form.cleaned_data["key"]))
    except Forbidden:
        return to_waiting_room(concert_id, then=resolve_url("checkout", pk))
    except (HoldExpired, WrongStatus):
        pass  # the checkout says what became of it
    return redirect("checkout", pk)


@login_required
@require_POST
def release(request, pk):
    reservation = own(request, pk)
    try:
        reservation.release()
    except WrongStatus:
        return redirect("reservation", pk)
    messages.info(request, _("You have given the seats back."))
    return redirect("performance", reservation.performance_id)


# --- A fan's own reservations ------------------------------------------------------------------------------------


@login_required
@require_GET
def reservations(request):
    mine = Reservation.objects.of(request.user.pk).as_shown()
    counts = dict(mine.order_by().values_list("shown_status").annotate(n=Count("*")))
    status = request.GET.get("status")
    rows = mine.filter(shown_status=status) if status in Status.values else mine
    rows = rows.select_related("performance__plan__venue", "performance__concert")
    context = {
        "page": Paginator(rows, RESERVATIONS_PER_PAGE).get_page(request.GET.get("page")),
        "status": status if status in Status.values else "",
        "counts": [(value, counts[value]) for value in Status.values if value in counts],
        "total": sum(counts.values()),
    }
    return render(request, "reservations/reservations.html", context)


@login_required
@never_cache
@require_GET
def reservation(request, pk):
    found = own(request, pk)
    return render(request, "reservations/reservation.html", {"reservation": found, "timeline": timeline(found)})


def timeline(reservation) -> list[dict]:
    """[{at, words}], oldest first; what only operators care about is left out."""
    log = Transition.objects.using(bus.home(Reservation)).filter(
        aggregate_type=Reservation._meta.label, aggregate_id=reservation.pk
    )
    told = [{"at": line.at, "words": _words(line)} for line in log.order_by("version")]
    return [line for line in told if line["words"]]


def _words(line):
    if line.from_status == line.to_status and line.cause.startswith("refunded"):
        return _("The points are back in your account.")
    return {
        ("", Status.HELD): _("You chose the seats and we held them for you."),
        (Status.HELD, Status.PAYING): _("You asked to pay."),
        (Status.HELD, Status.EXPIRED): _("The time to pay was over: the seats were free again."),
        (Status.HELD, Status.RELEASED): _("The seats were given back."),
        (Status.PAYING, Status.CONFIRMED): _("Paid: the seats are yours."),
        (Status.PAYING, Status.FAILED): _("The payment did not go through: the seats were free again."),
        (Status.FAILED, Status.CONFIRMED): _("The payment came late, and the seats were still free: they are yours."),
        (Status.FAILED, Status.FAILED): _("What was paid goes back to you."),
        (Status.CONFIRMED, Status.CANCELLED): _("The reservation was cancelled."),
    }.get((line.from_status, line.to_status), "")


@login_required
@require_GET
def ticket(request, pk):
    """The QR code as a picture."""
    found = own(request, pk)
    if found.status != Status.CONFIRMED:
        raise Http404
    return HttpResponse(tickets.qr_svg(found), content_type="image/svg+xml", headers={"Cache-Control": "private"})


@login_required
@never_cache
def cancel(request, pk):
    """What cancelling would give back now; and cancelling."""
    found = own(request, pk)
    form = CancelForm(request.POST or None)
    try:
        if form.is_valid():
            return _cancel(request, found, **form.cleaned_data)
        quote = cancellation.quote(found)
    except WrongStatus:
        return redirect("reservation", pk)
    except cancellation.TooLate:
        messages.error(request, _("The show has begun: this reservation can't be cancelled any more."))
        return redirect("reservation", pk)
    return render(request, "reservations/cancel.html", {"reservation": found, "quote": quote, "key": uuid4()})


def _cancel(request, found, *, refund, key):
    try:
        cancellation.cancel(found, refund=refund, key=str(key))
    except cancellation.QuoteChanged:
        messages.error(request, _("The refund has changed since you looked. Please look at it again."))
        return redirect("cancel", found.pk)
    messages.success(request, _("Your reservation is cancelled."))
    return redirect("reservation", found.pk)
