from django.contrib import admin, messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from events.admin.levers import DryRun, LeverForm, WithLevers, who
from events.admin.windows import ReadOnlyAdmin, link
from events.aggregate import WrongStatus
from reservations.admin.filters import PerformanceFilter
from reservations.models import Claim


@admin.register(Claim)
class ClaimAdmin(WithLevers, ReadOnlyAdmin):
    """A window, and the lever for a claim that outlived its reservation."""

    labels = {"end": _("End the claim")}
    list_display = ["seat", "performance", "price", "ended_at", "of_reservation"]
    list_filter = [PerformanceFilter]
    list_select_related = ["seat", "performance__concert"]
    ordering = ["-id"]
    found_by = ["pk", "seat", "reservation"]
    fields = ["seat", "performance", "price", "ended_at", "of_reservation"]
    search_help_text = _("Whole id of a claim, a seat or a reservation.")

    @admin.display(description=_("reservation"))
    def of_reservation(self, claim):
        return link("reservations.Reservation", claim.reservation_id)

    # The lever

    def levers_of(self, request, claim):
        return [self.lever(request, claim, "end", why_not=why_not_to_end(claim))]

    def end(self, request, object_id):
        self.require(request, "end")
        claim = self.get_object(request, object_id)
        if claim is None:
            raise Http404
        form = LeverForm.of(request, claim, version=claim.reservation.version)
        if request.method == "POST" and form.is_valid():
            self._end(request, claim, form)
        elif why_not := why_not_to_end(claim):
            self.message_user(request, why_not, messages.WARNING)
        else:
            return self.ask(request, form, self._dry_run(claim))
        return redirect(self.page_of(claim))

    def _dry_run(self, claim):
        facts = [
            (_("What will happen"), _("The seat is free at once. Its reservation stays as it is.")),
            (_("Seat"), f"{claim.seat}, {claim.performance}"),
            (_("Reservation"), f"{claim.reservation}, version {claim.reservation.version}"),
        ]
        title, button = _("End a claim whose reservation is over"), _("End the claim")
        return DryRun(title=title, button=button, facts=facts, back=self.page_of(claim))

    def _end(self, request, claim, form):
        try:
            claim.end(reason=form.cleaned_data["reason"], seen=form.version_of(claim), **who(request))
        except WrongStatus:
            self.message_user(request, _("It was changed meanwhile. Please look again."), messages.WARNING)
        else:
            self.message_user(request, _("The seat is free."), messages.SUCCESS)


def why_not_to_end(claim) -> str:
    """Empty when it can be ended."""
    if claim.ended_at:
        return _("It has ended already.")
    return _("Its reservation still needs the seat.") if claim.reservation.status in claim.reservation.LIVE else ""
