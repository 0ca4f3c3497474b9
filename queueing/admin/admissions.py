from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from events.admin.windows import ReadOnlyAdmin
from queueing.models import Admission
from queueing.models.admission import RETURN, TICK


class ByFilter(admin.SimpleListFilter):
    title, parameter_name = _("by"), "by"

    def lookups(self, request, model_admin):
        return [(TICK, _("number")), (RETURN, _("coming back")), ("hand", _("an operator"))]

    def queryset(self, request, queryset):
        if self.value() == "hand":
            return queryset.exclude(by__in=[TICK, RETURN])
        return queryset.filter(by=self.value()) if self.value() else queryset


@admin.register(Admission)
class AdmissionAdmin(ReadOnlyAdmin):
    """A window: who was let in, when, and how many were in then."""

    list_display = ["room", "number", "account_id", "at", "active_after", "limit_then", "by"]
    list_filter = [ByFilter]
    looked_through = ["by"]
    list_select_related = ["room"]
    ordering = ["-id"]
    found_by = ["account_id"]
    search_help_text = _("Whole id of an account.")
