"""How the sale goes: of all performances, of a concert, of one performance; and as a file."""

from dataclasses import dataclass
from functools import partial

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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

    def page(route, view, name):
        return path(f"sales/{route}", site.admin_view(partial(view, site)), name=name)

    return [
        page("", overview, "sales"),
        page("parts/", overview_parts, "sales_parts"),
        page("export/", export, "sales_export"),
        page("performance/<uuid:pk>/", of_performance, "sales_of_performance"),
        page("performance/<uuid:pk>/parts/", of_performance_parts, "sales_of_performance_parts"),
        page("concert/<uuid:pk>/", of_concert, "sales_of_concert"),
        page("concert/<uuid:pk>/parts/", of_concert_parts, "sales_of_concert_parts"),
    ]


@dataclass(frozen=True, kw_only=True)
class Row:
    performance: Performance
    tally: Tally


# All performances


def overview(site, request):
    return _page(site, request, _overview(request) | {"title": _("Sales")})


def overview_parts(site, request):
    return TemplateResponse(request, "admin/sales_parts.html", _overview(request))


def _overview(request):
    _require_permission(request)
    page = Paginator(_performances().order_by("-starts_at", "-pk"), LISTED).get_page(request.GET.get("p"))
    return _shown(list(page), export="") | {"page": page, "parts": "admin:sales_parts"}


# One concert, one performance


def of_concert(site, request, pk):
    context = _of_concert(request, pk)
    return _page(site, request, context | {"title": context["whose"]})


def of_concert_parts(site, request, pk):
    return TemplateResponse(request, "admin/sales_parts.html", _of_concert(request, pk))


def of_performance(site, request, pk):
    context = _of_performance(request, pk)
    return _page(site, request, context | {"title": context["whose"]})


def of_performance_parts(site, request, pk):
    return TemplateResponse(request, "admin/sales_parts.html", _of_performance(request, pk))


def _of_concert(request, pk):
    _require_permission(request)
    concert = get_object_or_404(Concert, pk=pk)
    newest = list(_performances().filter(concert=pk).order_by("-starts_at", "-pk")[:MOST_OF_A_CONCERT])
    shown = _shown(newest, export=f"concert={pk}")
    return (
        shown
        | _over_time(request, newest, shown)
        | {"whose": str(concert), "pk": pk, "parts": "admin:sales_of_concert_parts"}
    )


def _of_performance(request, pk):
    _require_permission(request)
    performance = get_object_or_404(_performances(), pk=pk)
    shown = _shown([performance], export=f"performance={pk}") | {"one": performance}
    shown |= _over_time(request, [performance], shown)
    return shown | {"whose": str(performance), "pk": pk, "parts": "admin:sales_of_performance_parts"}


# Parts of all


def _performances():
    return Performance.objects.select_related("concert", "plan__venue").defer("plan__layout", "concert__description")


def _shown(performances, *, export):
    tallies = sales.tallies(performances)
    rows = [Row(performance=each, tally=tallies[each.pk]) for each in performances]
    whole, at = sales.total(tallies.values()), database_now(bus.home(Performance))
    return {"rows": rows, "whole": whole, "at": at, "every": EVERY, "export": export}


def _over_time(request, performances, shown):
    span = request.GET.get("span") if request.GET.get("span") in SPANS else "day"
    spans = [(name, label, name == span) for name, label in SPANS.items()]
    pictures = pictures_of(performances, whole=shown["whole"], span=span, now=shown["at"])
    return {"span": span, "spans": spans, "pictures": pictures}


def _page(site, request, context):
    context |= {"may_export": request.user.has_perm("reservations.export_sales")}
    return TemplateResponse(request, "admin/sales.html", site.each_context(request) | context)


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
        found = _performances().order_by(F("starts_at"), "pk")
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
