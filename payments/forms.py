from uuid import uuid4

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from payments.models import Charge
from payments.models.charge import AmountOutOfRange

QUICK = (10_000, 50_000, 100_000, 500_000)


class PointsField(forms.IntegerField):
    """As people write amounts: 100,000 P."""

    def to_python(self, value):
        return super().to_python(str(value or "").upper().removesuffix("P").replace(",", "").replace(" ", ""))


class ChargeForm(forms.Form):
    """An amount out of a few, or another one; what is typed counts. The key makes a double click one charge."""

    quick = forms.IntegerField(required=False)
    amount = PointsField(
        label=_("Another amount"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": _("Write the amount in digits, such as 30000.")},
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args, missing=0, **kwargs):
        super().__init__(*args, **kwargs)
        needed = (min(missing, settings.CHARGE_MAXIMUM),) if missing else ()
        self.choices = [*needed, *(amount for amount in QUICK if amount not in needed)]
        self.chosen = self["quick"].value() if self.is_bound else (needed or QUICK[1:])[0]

    def clean(self):
        super().clean()
        if "amount" not in self.errors:
            typed = self.cleaned_data.get("amount")
            self.cleaned_data["points"] = typed if typed is not None else self.cleaned_data.get("quick")
            if self.cleaned_data["points"] is None:
                self.add_error("amount", _("Choose an amount or write one."))
        return self.cleaned_data

    def charge(self, *, user_id) -> Charge | None:
        """None, with the error in the form, when the amount can't be charged."""
        try:
            return Charge.make(user_id=user_id, amount=self.cleaned_data["points"], key=str(self.cleaned_data["key"]))
        except AmountOutOfRange:
            self.add_error("amount", out_of_range())
            return None


def out_of_range():
    return _("Charge %(low)s to %(high)s points; your balance may then be at most %(most)s.") % {
        "low": f"{settings.CHARGE_MINIMUM:,}",
        "high": f"{settings.CHARGE_MAXIMUM:,}",
        "most": f"{settings.BALANCE_MAXIMUM:,}",
    }
