from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from queueing.admin.rooms import RoomAdmin
from queueing.models import Room
from reservations.models import Concert

MOST_LISTED = 500


@admin.register(Room)
class RoomPage(RoomAdmin):
    """Rooms by the titles of their concerts."""

    search_help_text = _("A concert's title or artist, or a part of one; or a whole id.")

    def titles_of(self, rooms):
        return Concert.objects.in_bulk([room.concert_id for room in rooms])

    def get_search_results(self, request, queryset, search_term):
        found, duplicates = super().get_search_results(request, queryset, search_term)
        titled = Concert.objects.search(search_term).values_list("pk", flat=True)
        return found | queryset.filter(concert_id__in=list(titled[:MOST_LISTED])), duplicates

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """A new room is chosen by the concert's title."""
        if db_field.name != "concert_id":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return forms.TypedChoiceField(label=_("Concert"), choices=_without_room, coerce=db_field.to_python)


def _without_room():
    taken = list(Room.objects.values_list("concert_id", flat=True))
    return [(concert.pk, concert) for concert in Concert.objects.exclude(pk__in=taken).order_by("-pk")[:MOST_LISTED]]
