"""The list of reservations that somebody should look at: where an operator begins."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.timezone import now as clock
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from concert_site import attention
from concert_site.admin import verdicts
from concert_site.admin.standing import reasons_of
from concert_site.asking import ask
from concert_site.timeline.words import CONSUMERS, MESSAGES, in_words
from events.admin.windows import address_of
from payments.models import Payment, Transfer
from reservations.models import Claim, Reservation, Seat

PER_PAGE = 50
MOST_FAULTS = 5


def paths(site):
    return [path("attention/", site.admin_view(partial(attention_list, site)), name="attention")]


class Filter(forms.Form):
    cause = forms.ChoiceField(
        label=gettext_lazy("Why"), choices=[("", gettext_lazy("all")), *attention.CAUSES.items()], required=False
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"), choices=[("", gettext_lazy("all")), *Reservation.Status.choices], required=False
    )
    minutes = forms.TypedChoiceField(
        label=gettext_lazy("For at least"),
        choices=[
            ("", gettext_lazy("any time")), (5, gettext_lazy("5 minutes")), (30, gettext_lazy("30 minutes")),
            (120, gettext_lazy("2 hours")),
        ],
        coerce=int, empty_value=0, required=False,
    )  # fmt: skip

    def lets_through(self, case, *, now) -> bool:
        wanted = self.cleaned_data if self.is_valid() else {}
        return (
            (not wanted.get("cause") or wanted["cause"] in case.causes)
            and (not wanted.get("status") or wanted["status"] == case.reservation.status)
            and case.since <= now - timedelta(minutes=wanted.get("minutes") or 0)
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """A case as it is listed. reasons: in sentences."""

    case: attention.Case
    fan: str
    address: str
    reasons: list


def attention_list(site, request):
    if not request.user.has_perm("reservations.view_reservation"):
        raise PermissionDenied
    now, wanted = clock(), Filter(request.GET)
    all_cases = attention.cases(now=now)
    shown = [case for case in all_cases if wanted.lets_through(case, now=now)]
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("p"))
    context = site.each_context(request) | {
        "title": _("Reservations needing attention"),
        "filter": wanted,
        "total": len(all_cases),
        "page": page,
        "rows": rows_of(page.object_list, now=now),
        "faults": _faults(all_cases),
        "barred": sorted({in_words(CONSUMERS, row.consumer) for row in attention.barred()}),
        "levers": _levers(site, request),
        "query": request.GET.urlencode() and _without_page(request.GET),
    }
    return TemplateResponse(request, "admin/attention.html", context)


def rows_of(cases, *, now) -> list[Row]:
    """With their verdicts: one statement for each database."""
    answers = _of_these([case.reservation for case in cases])
    return [_row(case, answers, now=now) for case in cases]


def _of_these(reservations):
    ids = [each.pk for each in reservations]
    seats = Claim.objects.filter(reservation__in=ids).order_by().values("seat")
    return ask([
        Payment.objects.filter(reservation_id__in=ids),
        Transfer.objects.filter(key__in=ids),
        Claim.objects.filter(reservation__in=ids),
        Claim.objects.filter(ended_at=None, seat__in=seats).exclude(reservation__in=ids),
        Seat.objects.filter(pk__in=seats),
        User.objects.filter(pk__in=[each.user_id for each in reservations]),
    ])  # fmt: skip


def _row(case, answers, *, now):
    reservation = case.reservation
    points = verdicts.points_of(
        reservation,
        payment=next((each for each in answers[Payment] if each.reservation_id == reservation.pk), None),
        transfers=[each for each in answers[Transfer] if each.key == reservation.pk],
    )
    seats = verdicts.seats_of(
        reservation, claims=_claims_on_its_seats(reservation, answers[Claim]),
        labels={seat.pk: seat.label for seat in answers[Seat]}, now=now,
    )  # fmt: skip
    reasons = [each.words for each in reasons_of(reservation, stuck=case.stuck, points=points, seats=seats, now=now)]
    reasons += [_("The last reconciliation found: %(fault)s.") % {"fault": _(fault)} for fault in case.faults]
    emails = {user.pk: user.email for user in answers[User]}
    return Row(
        case=case, reasons=reasons, fan=emails.get(reservation.user_id, reservation.user_id),
        address=address_of("reservations.Reservation", reservation.pk),
    )  # fmt: skip


def _claims_on_its_seats(reservation, claims):
    its = {claim.seat_id for claim in claims if claim.reservation_id == reservation.pk}
    return [claim for claim in claims if claim.reservation_id == reservation.pk or claim.seat_id in its]


def _levers(site, request):
    """What this operator may do with several of them at once."""
    return site.get_model_admin(Reservation).levers_of_several(request)


def _faults(cases):
    """(what is stuck where and by which fault, how many), the commonest first: they are repaired together."""
    counts = Counter(
        (each.event.type, each.consumer, each.fingerprint.partition(" ")[0]) for case in cases for each in case.stuck
    )
    return [
        {"what": in_words(MESSAGES, type), "where": in_words(CONSUMERS, consumer), "fault": fault, "n": n}
        for (type, consumer, fault), n in counts.most_common(MOST_FAULTS)
    ]


def _without_page(query):
    query = query.copy()
    query.pop("p", None)
    return query.urlencode()
