from django.contrib import admin
from django.db import models

from events.admin.windows import CheapList
from reservations.models import CancellationTier, Concert


class CancellationTierInline(admin.TabularInline):
    model = CancellationTier
    extra = 0


@admin.register(Concert)
class ConcertAdmin(CheapList, admin.ModelAdmin):
    list_display = ["title", "artist"]
    search_fields = ["title", "artist"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    inlines = [CancellationTierInline]
