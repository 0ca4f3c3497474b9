from datetime import timedelta

from django.contrib import admin
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from events.admin.windows import as_uuid
from reservations.models import Performance

MOST_OFFERED = 30


class PerformanceFilter(admin.SimpleListFilter):
    """The performances of tonight and those to come; and any other that an address names."""

    title, parameter_name = _("performance"), "performance"

    def lookups(self, request, model_admin):
        to_come = Performance.objects.filter(starts_at__gte=now() - timedelta(days=1)).select_related("concert")
        return [(str(each.pk), str(each)) for each in to_come.order_by("starts_at")[:MOST_OFFERED]]

    def has_output(self):
        return True

    def queryset(self, request, queryset):
        return queryset.filter(performance=as_uuid(self.value())) if self.value() else queryset


class AttentionFilter(admin.SimpleListFilter):
    title, parameter_name = _("attention"), "attention"

    def lookups(self, request, model_admin):
        return [("needed", _("needed"))]

    def queryset(self, request, queryset):
        return queryset.needing_attention() if self.value() else queryset
