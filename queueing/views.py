"""The waiting room's page. Whoever knows about concerts overrides the hooks."""

import math
from functools import partial

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from django.views.decorators.cache import never_cache

from api.throttling import of_address
from queueing import passes, proof, rooms
from queueing.models import Room as RoomRow

SLOWEST_REFRESH = 30  # seconds between looks at a room where the fan has no place yet


@method_decorator(never_cache, name="dispatch")
class Room(LoginRequiredMixin, RedirectURLMixin, View):
    """Entering is a POST. The page looks again by itself, and goes on to `next` once the fan is let in."""

    def get_concert(self, concert_id):
        """Raise Http404 for a concert that does not exist."""
        raise NotImplementedError

    def remember(self, response, place):
        """Give the fan's browser the queue token."""
        raise NotImplementedError

    def get_default_redirect_url(self):
        return resolve_url("concert", self.kwargs["concert"]) + "#performances"

    def get(self, request, concert):
        about = self.get_concert(concert)
        token = passes.shown(request, concert)
        place = rooms.place(concert_id=concert, account_id=request.user.pk, token=token)
        if place and place.is_active:
            response = HttpResponseRedirect(self.get_success_url())
        else:
            response = render(request, "queueing/waiting_room.html", self.look(about, place))
        if place:
            self.remember(response, place)
        return response

    def post(self, request, concert):
        self.get_concert(concert)
        try:
            self.enter(request, concert_id=concert, account_id=request.user.pk)
        except (rooms.RoomClosed, rooms.TooManyPlaces, proof.ProofRequired, proof.ProofInvalid) as refused:
            messages.error(request, refused.detail)
        return self.back(request, concert)

    def enter(self, request, **fan):
        token, door = passes.shown(request, fan["concert_id"]), of_address(request, "places")
        rooms.enter(**fan, token=token, door=door, prove=partial(proof.demand, request, **fan))

    def look(self, about, place):
        front = rooms.front(concert_id=self.kwargs["concert"])
        waits = bool(place) and place.status == "WAITING"
        return {
            "concert": about,
            "front": front,
            "place": place,
            "waits": waits,
            "ticket": self.ticket_of(place) if waits else None,
            "eta": eta_words(place.eta) if waits else "",
            "refresh": place.poll_after_seconds if waits else SLOWEST_REFRESH,
            "next": self.get_redirect_url(),
        }

    def ticket_of(self, place):
        """The fan's draw ticket, also when it has become a number; None for who came after the opening."""
        if place.ticket:
            return place.ticket
        room = RoomRow.objects.filter(concert_id=place.concert_id).first()
        return room and room.ticket_of(place.number)

    def back(self, request, concert):
        query = urlencode({"next": self.get_redirect_url()})
        return HttpResponseRedirect(f"{resolve_url('waiting-room', concert)}?{query}")


class Leaving(Room):
    """Give the place up."""

    http_method_names = ["post"]

    def post(self, request, concert):
        self.get_concert(concert)
        if rooms.leave(concert_id=concert, account_id=request.user.pk):
            messages.info(request, _("You have left the waiting room. Your place is given up."))
        return redirect("concert", concert)


def eta_words(eta) -> str:
    """How long it will take; static/js/waiting-room.js says the same."""
    if eta is None:
        return _("Not known yet: we are measuring how fast the line moves.")
    low, high = eta.low // 60, math.ceil(eta.high / 60)
    if high <= 1:
        return _("Less than a minute")
    if low in (0, high):
        return ngettext("Up to %(high)d minute", "Up to %(high)d minutes", high) % {"high": high}
    return _("%(low)d to %(high)d minutes") % {"low": low, "high": high}
