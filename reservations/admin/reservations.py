"""A reservation's list, and the lever that undoes it. Registered by the site, with a page across all domains."""

from django.contrib import admin, messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events import bus
from events.admin.fans import OfFan, email_of
from events.admin.levers import DryRun, LeverForm, WithLevers, who
from events.admin.windows import ReadOnlyAdmin, pretty
from events.aggregate import WrongStatus
from events.models import OperatorAction
from reservations import confirmation
from reservations.admin.filters import AttentionFilter, PerformanceFilter
from reservations.models import Reservation

Status = Reservation.Status
NOTHING_TO_UNDO = _("There is nothing to undo: it is %(status)s, and no points are left to give back.")


class ReservationAdmin(WithLevers, OfFan, ReadOnlyAdmin):
    verbs = ["compensate"]
    list_display = ["made", "shown_status", "fan", "concert", "first_seat", "points"]
    list_filter = ["status", AttentionFilter, PerformanceFilter]
    ordering = ["-id"]
    search_help_text = _("The fan's e-mail address or name or a part of one; or a whole id.")
    fields = [
        "performance", "place", "created_at", "held_until", "pay_deadline", "confirmed_at", "failure", "refund", "fee",
        "refund_deadline", "refunded_at", "asked_again_at", "attention", "version", "ticket",
    ]  # fmt: skip

    def get_queryset(self, request):
        return super().get_queryset(request).as_shown()

    @admin.display(description=_("concert"))
    def concert(self, reservation):
        return reservation.facts.get("concert_title")

    @admin.display(description=_("made"))
    def made(self, reservation):
        return date_format(localtime(reservation.created_at), "m-d H:i")

    @admin.display(description=_("seats"))
    def first_seat(self, reservation):
        first, *others = reservation.facts.get("seats") or [""]
        return f"{first} + {len(others)}" if others else first

    @admin.display(description=_("points"))
    def points(self, reservation):
        return f"{reservation.amount:,}"

    @admin.display(description=_("status"))
    def shown_status(self, reservation):
        status = Status(reservation.shown_status).label
        return gettext("%(status)s, needs attention") % {"status": status} if reservation.attention else status

    @admin.display(description=_("on the ticket"))
    def ticket(self, reservation):
        return pretty(reservation.facts)

    # The lever

    def levers_of(self, request, reservation):
        why_not = "" if confirmation.compensation_of(reservation) else nothing_to_undo(reservation)
        return [self.lever(request, reservation, "compensate", label=_("Compensate"), why_not=why_not)]

    def compensate(self, request, object_id):
        self.require(request, "compensate")
        reservation = self.get_object(request, object_id)
        if reservation is None:
            raise Http404
        form = LeverForm.of(request, reservation, version=reservation.version)
        if request.method == "POST" and form.is_valid():
            self._compensate(request, reservation, form)
        elif confirmation.compensation_of(reservation):
            return self.ask(request, form, self._dry_run(reservation))
        else:
            self.message_user(request, nothing_to_undo(reservation), messages.WARNING)
        return redirect(self.page_of(reservation))

    def _dry_run(self, reservation):
        facts = [
            (_("What will happen"), confirmation.compensation_of(reservation)),
            (_("Points"), f"{reservation.amount:,} P"),
            (_("Fan"), email_of(reservation.user_id)),
            (_("Seats"), f"{self.concert(reservation)}, {', '.join(reservation.facts['seats'])}"),
            (_("State now"), f"{reservation.get_status_display()}, version {reservation.version}"),
        ]
        title, button = _("Compensate a reservation"), _("Compensate")
        return DryRun(title=title, button=button, facts=facts, back=self.page_of(reservation))

    def _compensate(self, request, reservation, form):
        reason, seen = form.cleaned_data["reason"], form.version_of(reservation)
        try:
            confirmation.compensate(reservation, reason=reason, seen_version=seen, **who(request))
        except confirmation.AlreadyChanged as changed:
            self.message_user(request, already_changed(reservation, changed), messages.WARNING)
        except WrongStatus:
            self.message_user(request, nothing_to_undo(reservation), messages.WARNING)
        else:
            done = gettext("Done. It is %(status)s now.") % {"status": reservation.get_status_display()}
            self.message_user(request, done, messages.SUCCESS)


def nothing_to_undo(reservation) -> str:
    return NOTHING_TO_UNDO % {"status": reservation.get_status_display()}


def already_changed(reservation, changed) -> str:
    """That it changed, and who was faster if it was an operator."""
    actions = OperatorAction.objects.using(bus.home(Reservation)).filter(target_id=str(reservation.pk))
    words = gettext("Nothing was done: it has changed since you looked.") + f" {changed}"
    if last := actions.first():
        words += " " + gettext("Last changed by hand by %(who)s: %(reason)s") % {
            "who": last.operator,
            "reason": last.reason,
        }
    return words
