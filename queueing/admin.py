from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from events import bus
from queueing import levers
from queueing.models import Admission, Room, RoomChanged, WrongState

STATE_LEVERS = {
    Room.State.OFF: levers.turn_off,
    Room.State.OPEN: levers.open_room,
    Room.State.PAUSED: levers.pause,
    Room.State.CLOSED: levers.close,
}
TIMES = ["active_seconds", "longest_seconds", "grace_seconds"]


class RoomForm(forms.ModelForm):
    """Every change goes through a lever, with a reason and against the version that the operator saw."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Room
        fields = ["concert_id", "state", "opens_at", "max_active", "per_minute", *TIMES, "announcement"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self.instance.version if self.instance.pk else None

    def pulls(self):
        """(lever, its keywords) for everything that was changed, in the order in which it is to happen."""
        new = {name: self.cleaned_data[name] for name in self.changed_data if name in self._meta.fields}
        yield from self._settings(new)
        if "state" in new or ("opens_at" in new and self.cleaned_data["state"] == Room.State.BEFORE_OPENING):
            yield self._state()

    def _settings(self, new):
        limits = {name: new[name] for name in ["max_active", "per_minute"] if name in new}
        times = {name: new[name] for name in TIMES if name in new}
        if limits:
            yield levers.set_limits, limits
        if times:
            yield levers.set_times, times
        if "announcement" in new:
            yield levers.announce, {"announcement": new["announcement"]}

    def _state(self):
        state = self.cleaned_data["state"]
        if state == Room.State.BEFORE_OPENING:
            return levers.schedule, {"opens_at": self.cleaned_data["opens_at"]}
        return STATE_LEVERS[state], {}

    def clean(self):
        cleaned = super().clean()
        if self.instance.pk and cleaned.get("seen") != self.instance.version:
            raise ValidationError(_("Somebody else has changed the room meanwhile. Please look again."))
        if "state" in self.changed_data and self.instance.state not in Room.SOURCES.get(cleaned.get("state"), []):
            self.add_error("state", _("From its present state the room can't go there."))
        return cleaned


@admin.register(Room)
class RoomAdmin(admin.ModelAdmin):
    form = RoomForm
    list_display = ["concert_id", "state", "max_active", "per_minute", "opens_at", "changed_at"]
    list_filter = ["state"]
    search_fields = ["concert_id"]

    def get_readonly_fields(self, request, obj=None):
        return ["concert_id", "high_water", "changed_at"] if obj else ["high_water", "changed_at"]

    def has_delete_permission(self, request, obj=None):
        return False  # numbers that were given must never be given again

    def save_model(self, request, obj, form, change):
        seen = form.cleaned_data.get("seen") if change else None
        room = Room.of(obj.concert_id)
        why = {
            "operator": request.user.get_username(),
            "operator_id": request.user.pk,
            "reason": form.cleaned_data["reason"],
        }
        try:
            with bus.atomic(Room):  # all of the form or nothing
                for lever, settings in form.pulls():
                    lever(room, seen=seen, **settings, **why)
                    seen = room.version
        except (WrongState, RoomChanged, ValidationError) as refusal:
            messages.error(request, refusal)
        obj.pk = room.pk


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
