"""Seats and what was done with them: windows only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from events.admin.windows import ReadOnlyAdmin
from reservations.admin.filters import PerformanceFilter
from reservations.models import Seat, SyncAttempt


@admin.register(Seat)
class SeatAdmin(ReadOnlyAdmin):
    list_display = ["label", "grade", "performance", "accessible", "restricted_view"]
    list_filter = [PerformanceFilter]
    list_select_related = ["performance__concert"]
    ordering = ["-id"]
    found_by = ["pk", "performance"]
    search_help_text = _("Whole id of a seat or a performance; or a section.")

    def search_words(self, queryset, words):
        return queryset.filter(section__iexact=words)


@admin.register(SyncAttempt)
class SyncAttemptAdmin(ReadOnlyAdmin):
    list_display = ["at", "method", "outcome", "http_status", "duration_ms", "idempotency_key", "platform_id"]
    list_filter = looked_through = ["outcome"]
    ordering = ["-id"]
    found_by = ["pk", "reservation_id"]
    search_help_text = _("Whole id of an attempt or a reservation.")
