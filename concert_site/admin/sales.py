"""How the sale goes: of all performances, of a concert, of one performance; and as a file."""

from dataclasses import dataclass
from functools import partial

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from concert_site.admin.live import live_paths
from concert_site.admin.sales_pictures import SPANS, pictures_of
from events import bus
from events.clock import database_now
from reservations import sales
from reservations.models import Concert, Performance
from reservations.sales import Tally

EVERY = 5  # seconds between two looks of a page that is being watched
LISTED = 15
MOST_OF_A_CONCERT = 20  # the newest
MEGABYTE = 1_000_000


def paths(site):
    """The pages, for the site map of the console."""
    live = partial(live_paths, site, template="sales")
    return [
        *live("sales/", name="sales", context_of=overview),
        *live("sales/concert/<uuid:pk>/", name="sales_of_concert", context_of=of_concert),
        *live("sales/performance/<uuid:pk>/", name="sales_of_performance", context_of=of_performance),
        path("sales/export/", site.admin_view(partial(export, site)), name="sales_export"),
    ]


@dataclass(frozen=True, kw_only=True)
class Row:
    performance: Performance
    tally: Tally


# All performances, one concert, one performance


def overview(request):
    _require_permission(request)
    page = Paginator(_performances().order_by("-starts_at", "-pk"), LISTED).get_page(request.GET.get("p"))
    return _shown(request, list(page), title=_("Sales"), export="") | {"page": page}


def of_concert(request, pk):
    _require_permission(request)
    concert = get_object_or_404(Concert, pk=pk)
    newest = list(_performances().filter(concert=pk).order_by("-starts_at", "-pk")[:MOST_OF_A_CONCERT])
    shown = _shown(request, newest, title=str(concert), export=f"concert={pk}")
    return shown | _over_time(request, newest, shown)


def of_performance(request, pk):
    _require_permission(request)
    performance = get_object_or_404(_performances(), pk=pk)
    shown = _shown(request, [performance], title=str(performance), export=f"performance={pk}") | {"one": performance}
    return shown | _over_time(request, [performance], shown)


# Parts of all


def _performances():
    return Performance.objects.select_related("concert", "plan__venue").defer("plan__layout", "concert__description")


def _shown(request, performances, *, title, export):
    tallies = sales.tallies(performances)
    rows = [Row(performance=each, tally=tallies[each.pk]) for each in performances]
    whole, at = sales.total(tallies.values()), database_now(bus.home(Performance))
    may_export = request.user.has_perm("reservations.export_sales")
    shown = {"rows": rows, "whole": whole, "at": at, "every": EVERY}
    return shown | {"title": title, "export": export, "may_export": may_export}


def _over_time(request, performances, shown):
    span = request.GET.get("span") if request.GET.get("span") in SPANS else "day"
    spans = [(name, label, name == span) for name, label in SPANS.items()]
    pictures = pictures_of(performances, whole=shown["whole"], span=span, now=shown["at"])
    return {"span": span, "spans": spans, "pictures": pictures}


def _require_permission(request, permission="view_performance"):
    if not request.user.has_perm(f"reservations.{permission}"):
        raise PermissionDenied


# The file


class PeriodForm(forms.Form):
    """Days of the time zone of the settings; both count."""

    concert = forms.ModelChoiceField(Concert.objects.all(), required=False, widget=forms.HiddenInput)
    performance = forms.ModelChoiceField(Performance.objects.all(), required=False, widget=forms.HiddenInput)
    since = forms.DateField(label=gettext_lazy("Sold from"), required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=gettext_lazy("until"), required=False, widget=forms.DateInput({"type": "date"}))

    @property
    def performances(self):
        asked = self.cleaned_data
        found = _performances().order_by("starts_at", "pk")
        found = found.filter(concert=asked["concert"]) if asked["concert"] else found
        return found.filter(pk=asked["performance"].pk) if asked["performance"] else found

    @property
    def period(self):
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return sales.period(since=since, until=until)


def export(site, request):
    """First how large it will be, then the file."""
    _require_permission(request, "export_sales")
    form = PeriodForm(request.GET)
    if form.is_valid() and "download" in request.GET:
        return _file(form)
    context = {"title": _("Export sales"), "form": form}
    if form.is_valid():
        lines = sales.count_of(form.performances, **form.period)
        whose = form.cleaned_data["performance"] or form.cleaned_data["concert"] or _("All performances")
        context |= {"lines": lines, "megabytes": lines * sales.BYTES_A_LINE / MEGABYTE, "whose": whose}
        context |= {"query": request.GET.urlencode()}
    return TemplateResponse(request, "admin/sales_export.html", site.each_context(request) | context)


def _file(form):
    lines = sales.lines(form.performances, **form.period)
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="sales-{localdate():%Y-%m-%d}.csv"'
    return answer
