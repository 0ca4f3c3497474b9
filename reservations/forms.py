from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class SeatIdsField(forms.Field):
    """Hidden inputs or checkboxes of one name."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value):
        try:
            return [UUID(id) for id in value or ()]
        except ValueError:
            raise ValidationError(_("These are not seats of this performance."), code="invalid") from None


class HoldForm(forms.Form):
    """The chosen seats; the key makes a double click one hold."""

    seats = SeatIdsField(error_messages={"required": _("Choose at least one seat.")})
    key = forms.UUIDField(error_messages={"required": _("Please choose again."), "invalid": _("Please choose again.")})


class PayForm(forms.Form):
    key = forms.UUIDField()


class CancelForm(forms.Form):
    """What the fan saw and agreed to."""

    refund = forms.IntegerField(min_value=0)
    key = forms.UUIDField()
