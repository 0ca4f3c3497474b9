from django.contrib import admin

from queueing.models import Admission


@admin.register(Admission)
class AdmissionAdmin(admin.ModelAdmin):
    """A window: who was let in, when, and how many were in then."""

    list_display = ["room", "number", "account_id", "at", "active_after", "limit_then", "by"]
    list_filter = ["by"]
    list_select_related = ["room"]
    search_fields = ["account_id", "room__concert_id"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
