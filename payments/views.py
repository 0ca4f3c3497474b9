"""Pages about points."""

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import RedirectURLMixin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.paginator import Paginator
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from payments.forms import ChargeForm
from payments.models import Charge, PointAccount, Transfer

PER_PAGE = 20


def account_of(user_id) -> PointAccount:
    """The fan's account; an empty one when there is none yet."""
    return PointAccount.objects.filter(user_id=user_id).first() or PointAccount(user_id=user_id)


@method_decorator(never_cache, name="dispatch")
class Points(LoginRequiredMixin, RedirectURLMixin, View):
    """The balance, charging, and where points came from and went. `next`: where the fan was, such as a checkout."""

    def get(self, request):
        return self.show(ChargeForm())

    def show(self, form, *, status=200):
        account = account_of(self.request.user.pk)
        page = Paginator(Transfer.objects.of(account), PER_PAGE).get_page(self.request.GET.get("page"))
        for entry in page:
            entry.signed = entry.signed_for(account)
        context = {"balance": account.balance, "form": form, "page": page, "next": self.get_redirect_url()}
        return render(self.request, "payments/points.html", context, status=status)


class Charges(Points):
    """Charging goes back to where it was asked for."""

    next_page = "points"

    def get(self, request):
        """After signing in again, or a reload of the page with the errors."""
        return HttpResponseRedirect(self.get_success_url())

    def post(self, request):
        form = ChargeForm(request.POST)
        charge = form.charge(user_id=request.user.pk) if form.is_valid() else None
        if charge is None:
            return self.show(form, status=422)
        _tell(request, charge)
        return HttpResponseRedirect(self.get_success_url())


def _tell(request, charge):
    amount = {"amount": intcomma(charge.amount)}
    if charge.status == Charge.Status.SUCCEEDED:
        messages.success(request, _("%(amount)s points charged.") % amount)
    elif charge.status == Charge.Status.PENDING:
        messages.info(request, _("%(amount)s points are on their way: the bank has not answered yet.") % amount)
    else:
        messages.error(request, _("The bank declined the charge of %(amount)s points. Nothing was taken.") % amount)
