"""The fans' pages: the whole purchase through forms, and every refusal in words."""

from uuid import uuid4

import pytest
from django.urls import reverse

pytestmark = pytest.mark.usefixtures("world")


class TestSmoke:
    def test_all(self, client, world):
        for name in ("concerts", "sign-in", "sign-up"):
            assert client.get(reverse(name)).status_code == 200, name
        assert client.get(reverse("concert", args=[world.concert.pk])).status_code == 200
        client.force_login(world.alice.user)
        for name in ("concerts", "points", "reservations", "notifications"):
            assert client.get(reverse(name)).status_code == 200, name
        room = reverse("waiting-room", args=[world.concert.pk])
        assert client.get(room).status_code == 200
        assert client.post(room).status_code == 302
        page = client.get(room)
        assert page.status_code == 200
        print(page.content.decode())
