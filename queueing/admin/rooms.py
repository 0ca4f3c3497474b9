from datetime import timedelta

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Now
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from queueing.admin.live import Live
from queueing.admin.pulling import PullsLevers
from queueing.foretelling import figure
from queueing.models import RoomMinute

FRESH = timedelta(minutes=5)
EVERY = 5  # seconds between two looks of a page that is being watched


class RoomAdmin(PullsLevers, admin.ModelAdmin):
    """Registered by the site, which overrides `titles_of`: rooms know a concert by id only."""

    list_display = ["concert", "state", "waiting", "active", "admitted", "opens_at", "changed_at"]
    list_filter = ["state"]
    search_fields = ["concert_id"]
    sortable_by = ["state", "opens_at", "changed_at"]
    fields = ["concert_id"]

    def titles_of(self, rooms) -> dict:
        """{concert_id: its title}, as far as they are known."""
        return {}

    def title_of(self, room) -> str:
        return str(self.titles_of([room]).get(room.concert_id, room.concert_id))

    def has_delete_permission(self, request, obj=None):
        return False  # numbers that were given must never be given again

    # The list: as of the last minute, so that it asks as little for a thousand rooms as for one

    def get_queryset(self, request):
        minutes = RoomMinute.objects.filter(room=OuterRef("pk"), at__gte=Now() - FRESH).order_by("-at")
        last = {f"last_{name}": Subquery(minutes.values(name)[:1]) for name in ["waiting", "active", "admitted"]}
        return super().get_queryset(request).annotate(**last)

    def get_changelist_instance(self, request):
        changes = super().get_changelist_instance(request)
        titles = self.titles_of(changes.result_list)
        for room in changes.result_list:
            room.title = titles.get(room.concert_id, room.concert_id)
        return changes

    @admin.display(description=_("concert"))
    def concert(self, room):
        return room.title

    @admin.display(description=_("waiting"))
    def waiting(self, room):
        return None if room.last_waiting is None else figure(room.last_waiting)

    @admin.display(description=_("in"))
    def active(self, room):
        return None if room.last_active is None else f"{figure(room.last_active)} / {figure(room.max_active)}"

    @admin.display(description=_("let in per minute"))
    def admitted(self, room):
        return None if room.last_admitted is None else f"{figure(room.last_admitted)} / {figure(room.per_minute)}"

    # The page of a room

    def get_urls(self):
        live, parts = self.admin_site.admin_view(self.live), self.admin_site.admin_view(self.parts)
        return [
            path("<int:object_id>/live/", live, name="queueing_room_live"),
            path("<int:object_id>/live/parts/", parts, name="queueing_room_parts"),
            *super().get_urls(),
        ]

    def page_of(self, room):
        return reverse("admin:queueing_room_live", args=[room.pk])

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Nothing is edited past the levers."""
        return self.live(request, object_id)

    def response_add(self, request, obj, post_url_continue=None):
        return redirect(self.page_of(obj))

    def live(self, request, object_id):
        room = self._seen(request, object_id)
        context = self.admin_site.each_context(request) | self._context(request, room)
        context |= {"title": self.title_of(room), "opts": self.opts, "original": room, "every": EVERY}
        return TemplateResponse(request, "admin/room.html", context)

    def parts(self, request, object_id):
        """What changes on the page, for the script that watches."""
        room = self._seen(request, object_id)
        return TemplateResponse(request, "admin/room_parts.html", self._context(request, room))

    def _seen(self, request, object_id):
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        room = self.get_object(request, str(object_id))
        if room is None:
            raise Http404
        if not self.has_view_permission(request, room):
            raise PermissionDenied
        return room

    def _context(self, request, room):
        live = Live.of(room)
        return {"live": live, "groups": self.levers_of(request, room, front=live.front), "may": self.may(request, None)}
