"""Who did what by hand, to what, why, and what it changed; and the same as CSV."""

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext_lazy as _

from events.admin.domains import DomainAdmin, domain_of
from events.admin.windows import link, pretty
from events.csv_lines import csv_lines
from events.models import OperatorAction

MOST_OFFERED = 100
COLUMNS = [
    "id", "at", "operator", "operator_id", "approved_by", "action", "target_type", "target_id", "reason", "before",
    "after",
]  # fmt: skip
TARGETS = {
    "approval": "events.Approval",
    "claim": "reservations.Claim",
    "delivery": "events.Delivery",
    "performance": "reservations.Performance",
    "reservation": "reservations.Reservation",
}


class Chosen(admin.SimpleListFilter):
    """By one of the values that there are in the domain."""

    def lookups(self, request, model_admin):
        rows = OperatorAction.objects.using(domain_of(request)).order_by(self.parameter_name)
        values = rows.values_list(self.parameter_name, flat=True).distinct()[:MOST_OFFERED]
        return [(value, value) for value in values]

    def queryset(self, request, queryset):
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class OperatorFilter(Chosen):
    title, parameter_name = _("operator"), "operator"


class LeverFilter(Chosen):
    title, parameter_name = _("lever"), "action"


class TargetFilter(Chosen):
    title, parameter_name = _("target"), "target_type"


@admin.register(OperatorAction)
class OperatorActionAdmin(DomainAdmin):
    """The operators' log."""

    change_list_template = "admin/operator_log.html"
    list_display = ["at", "operator", "action", "reason", "changed", "short_target"]
    list_filter = [OperatorFilter, LeverFilter, TargetFilter, "at"]
    ordering = ["-id"]
    found_by = ["pk", "target_id", "operator_id"]
    search_help_text = _("Whole id of an action, of its target or of an operator; or an operator's name.")
    fields = ["at", "operator", "approved_by", "action", "target", "reason", "changed", "was", "became"]

    def search_words(self, queryset, words):
        return queryset.filter(operator__iexact=words) | queryset.filter(approved_by__iexact=words)

    @admin.display(description=_("target"))
    def target(self, action):
        return link(TARGETS.get(action.target_type, ""), action.target_id, f"{action.target_type} {action.target_id}")

    @admin.display(description=_("target"))
    def short_target(self, action):
        """The end of a long id: the beginning is nothing but the time."""
        id = action.target_id if len(action.target_id) <= 20 else f"…{action.target_id[-12:]}"
        return link(TARGETS.get(action.target_type, ""), action.target_id, f"{action.target_type} {id}")

    @admin.display(description=_("result"))
    def changed(self, action):
        """What is different afterwards: "status: CONFIRMED → CANCELLED"."""
        names = [name for name in action.before | action.after if action.before.get(name) != action.after.get(name)]
        changes = [f"{name}: {action.before.get(name, '–')} → {action.after.get(name, '–')}" for name in names]
        return ", ".join(changes) or None

    @admin.display(description=_("before"))
    def was(self, action):
        return pretty(action.before)

    @admin.display(description=_("after"))
    def became(self, action):
        return pretty(action.after)

    # As CSV

    def get_urls(self):
        export = path("csv/", self.admin_site.admin_view(self.export), name="events_operatoraction_csv")
        return [export, *super().get_urls()]

    def export(self, request):
        """The list as it is filtered, all of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return redirect("admin:events_operatoraction_changelist")
        disposition = {"Content-Disposition": f'attachment; filename="operator-log-{domain_of(request)}.csv"'}
        return StreamingHttpResponse(
            csv_lines(COLUMNS, _cells(rows)), content_type="text/csv; charset=utf-8", headers=disposition
        )


def _cells(rows):
    for row in rows.iterator(chunk_size=500):
        yield [getattr(row, name) for name in COLUMNS]
