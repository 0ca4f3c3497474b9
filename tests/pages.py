"""A fan at the pages, as the tests drive them."""

import re
from uuid import uuid4

from django.test import Client

from queueing.ticks import tick_rooms


class Pages:
    """A browser without JavaScript: it follows where it is sent and posts what the forms hold."""

    def __init__(self, fan=None):
        self.client = Client()
        if fan:
            self.client.force_login(fan.user)

    def get(self, path):
        return self._seen(self.client.get(path, follow=True))

    def post(self, path, **data):
        return self._seen(self.client.post(path, data, follow=True))

    def enter(self, concert):
        self.post(f"/concerts/{concert.pk}/waiting-room")
        tick_rooms()
        return self.get(f"/concerts/{concert.pk}/waiting-room")

    def hold(self, performance, *seats, key=None):
        ids = [str(seat.pk) for seat in seats]
        return self.post(f"/performances/{performance.pk}/hold", seats=ids, key=key or uuid4())

    def pay(self, reservation, key=None):
        return self.post(f"/reservations/{reservation.pk}/payment", key=key or uuid4())

    def _seen(self, response):
        response.text = response.content.decode()
        response.path = response.request["PATH_INFO"]
        return response


def hidden(page, name):
    """What the first form of the page, below the header, sends under that name."""
    return re.search(rf'name="{name}" value="([^"]*)"', page.text.partition("<main")[2])[1]
