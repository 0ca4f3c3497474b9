"""What operators are asked for before a lever is pulled. `settings` are what the lever takes."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext_lazy as _

from events.admin.fans import account_of
from queueing.models import Room

MOST_AT_ONCE = 10_000


class CountForm(forms.Form):
    count = forms.IntegerField(label=_("How many"), min_value=1, max_value=MOST_AT_ONCE, initial=20)

    def __init__(self, *args, room, **kwargs):
        super().__init__(*args, **kwargs)

    @property
    def settings(self):
        return {"count": self.cleaned_data["count"]}


class AccountForm(forms.Form):
    account = forms.CharField(label=_("Account"), max_length=254, help_text=_("The e-mail address, or the whole id."))

    def __init__(self, *args, room, **kwargs):
        super().__init__(*args, **kwargs)

    def clean_account(self):
        words = self.cleaned_data["account"]
        if account_of(words) is None:
            raise ValidationError(_("There is no such account."))
        return words

    @property
    def settings(self):
        return {"account_id": account_of(self.cleaned_data["account"])}


class SettingsForm(forms.ModelForm):
    """Asks for some of a room's settings; only those that change are set."""

    def __init__(self, *args, room, **kwargs):
        super().__init__(*args, instance=Room.objects.get(pk=room.pk), **kwargs)  # it is written into: not the caller's

    def clean(self):
        if not self.settings and not self.errors:
            raise ValidationError(_("Nothing would change."))
        return super().clean()

    @property
    def settings(self):
        return {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}


class LimitsForm(SettingsForm):
    class Meta:
        model = Room
        fields = ["max_active", "per_minute"]


class TimesForm(SettingsForm):
    class Meta:
        model = Room
        fields = ["active_seconds", "longest_seconds", "grace_seconds"]


class AnnouncementForm(SettingsForm):
    class Meta:
        model = Room
        fields = ["announcement"]
        widgets = {"announcement": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"announcement": _("Everybody who waits reads it at once. Empty: it is taken back.")}


class ScheduleForm(SettingsForm):
    class Meta:
        model = Room
        fields = ["opens_at"]
        widgets = {"opens_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["opens_at"].help_text = (
            _("Time zone: %s. Empty: when an operator opens it.") % get_current_timezone_name()
        )

    @property
    def settings(self):
        """Also where the time is the one of before: the room goes back to waiting for it."""
        return {"opens_at": self.cleaned_data["opens_at"]} if "opens_at" in self.cleaned_data else {}
