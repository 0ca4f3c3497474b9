from collections import Counter

from django.contrib import admin
from django.template.defaultfilters import floatformat
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from events.admin.windows import CheapList
from reservations.models import SeatingPlan, Venue


@admin.register(Venue)
class VenueAdmin(CheapList, admin.ModelAdmin):
    list_display = ["name", "address", "time_zone"]
    search_fields = ["name", "address"]


@admin.register(SeatingPlan)
class SeatingPlanAdmin(CheapList, admin.ModelAdmin):
    """Plans come in by `manage.py import_seating_plan`; here they are named and looked at."""

    list_display = ["name", "venue"]
    list_filter = ["venue"]
    list_select_related = ["venue"]
    search_fields = ["name", "venue__name"]
    fields = ["venue", "name", "size", "seats_by_grade", "seats_by_section"]
    readonly_fields = ["venue", "size", "seats_by_grade", "seats_by_section"]

    def has_add_permission(self, request):
        return False

    def get_queryset(self, request):
        return super().get_queryset(request).defer("layout")  # megabytes each

    @admin.display(description=_("size"))
    def size(self, plan):
        return f"{floatformat(plan.layout['width'])} × {floatformat(plan.layout['height'])}"

    @admin.display(description=_("seats by grade"))
    def seats_by_grade(self, plan):
        return counted(plan, "grade")

    @admin.display(description=_("seats by section"))
    def seats_by_section(self, plan):
        return counted(plan, "section")


def counted(plan, name):
    """How many seats there are of each, as a list."""
    counts = Counter(seat[name] for seat in plan.layout["seats"])
    return format_html_join("", "<div>{}: {}</div>", ((each or "–", f"{n:,}") for each, n in counts.items()))
