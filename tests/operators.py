"""Those who sit at the console, and where its things are."""

import json
from contextlib import contextmanager
from uuid import uuid4

from django.contrib.auth.models import Group, Permission
from django.db import connections
from django.test import Client

from accounts.models import User
from events import bus
from events.models import OperatorAction

RESERVATIONS = bus.home("reservations")


class Operator:
    """Somebody who sits at the console."""

    def __init__(self, user):
        self.user, self.client = user, Client()
        self.client.force_login(user)

    @classmethod
    def superuser(cls):
        return cls(User.objects.create_superuser(f"boss-{uuid4().hex[:6]}@example.com", name="Boss"))

    @classmethod
    def who_may(cls, *codenames):
        user = User.objects.create_user(f"kim-{uuid4().hex[:6]}@example.com", name="Kim", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return cls(user)

    @classmethod
    def as_a(cls, role):
        user = User.objects.create_user(f"{role}-{uuid4().hex[:6]}@example.com", name=role.title(), is_staff=True)
        user.groups.set([Group.objects.get(name=role)])
        return cls(user)

    def see(self, path, status=200, **query):
        answer = self.client.get(f"/admin/{path}", query)
        assert answer.status_code == status, (path, answer.status_code)
        return answer.content.decode()

    def pull(self, path, *, seen, reason="the fan asked for it", status=200):
        sent = {"reason": reason, "seen": json.dumps({str(id): version for id, version in seen.items()})}
        answer = self.client.post(f"/admin/{path}", sent, follow=True)
        assert answer.status_code == status, (path, answer.status_code)
        return answer.content.decode()


def page_of(reservation, lever="change"):
    return f"reservations/reservation/{reservation.pk}/{lever}/"


def actions():
    return OperatorAction.objects.using(RESERVATIONS)


@contextmanager
def nobody_may_act(using, *, on=None):
    """The table of operators' actions takes no row; or none about that thing."""
    refused = f"target_id <> '{on.pk}'" if on else "false"
    with connections[using].cursor() as cursor:
        cursor.execute(f"ALTER TABLE events_operatoraction ADD CONSTRAINT nobody CHECK ({refused}) NOT VALID")
        try:
            yield
        finally:
            cursor.execute("ALTER TABLE events_operatoraction DROP CONSTRAINT nobody")
