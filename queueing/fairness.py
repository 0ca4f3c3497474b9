"""The page of the draw: before it what is promised, after it what anybody needs to recompute a number."""

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.cache import never_cache

from queueing.draw import number_of
from queueing.models import Room


class TicketField(forms.IntegerField):
    """As tickets are shown: 12,345."""

    widget = forms.TextInput

    def to_python(self, value):
        return super().to_python(str(value or "").replace(",", "").replace(" ", ""))


class TicketForm(forms.Form):
    ticket = TicketField(
        label=gettext_lazy("Your draw ticket"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": gettext_lazy("Write the number of your draw ticket in digits, such as 1234.")},
    )

    def __init__(self, *args, told, **kwargs):
        super().__init__(*args, **kwargs)
        range_of = {"from": f"{told['first'] + 1:,}", "to": f"{told['last']:,}"}
        outside = _("This draw was among the tickets %(from)s to %(to)s. Who came later has no draw ticket.") % range_of
        within = [MinValueValidator(told["first"] + 1, outside), MaxValueValidator(told["last"], outside)]
        self.fields["ticket"].validators += within


@method_decorator(never_cache, name="dispatch")
class Fairness(View):
    """For anybody. Whoever knows about concerts overrides the hook."""

    def get_concert(self, concert_id):
        """Raise Http404 for a concert that does not exist."""
        raise NotImplementedError

    def get(self, request, concert):
        about = self.get_concert(concert)
        room = Room.objects.filter(concert_id=concert).first()
        told = room and room.draw
        return render(request, "queueing/fairness.html", {"concert": about, "draw": told, **self.look(told)})

    def look(self, told):
        """The form, and what the ticket that was asked for has drawn; nothing until there is a draw with tickets."""
        if not told or told["last"] is None or told["last"] == told["first"]:
            return {}
        form = TicketForm(self.request.GET if "ticket" in self.request.GET else None, told=told)
        ticket = form.cleaned_data["ticket"] if form.is_valid() else None
        return {
            "form": form,
            "tickets": told["last"] - told["first"],
            "ticket": ticket,
            "number": ticket and number_of(ticket, **drawn(told)),
        }


def drawn(told) -> dict:
    """Of what is told of a draw, what its numbers follow from."""
    return {name: told[name] for name in ("seed", "first", "last")}
