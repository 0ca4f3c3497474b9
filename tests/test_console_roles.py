"""Who may pull which lever. A new lever needs a row here."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import router

from concert_site import roles
from events.admin.levers import WithLevers
from tests.operators import Operator

MAY_PULL = {  # model: verbs: roles
    "events.approval": {
        "approve refuse": ["manager"],
    },
    "events.delivery": {
        "retry": ["support", "manager"],
        "edit discard replay": ["manager"],
    },
    "events.destination": {
        "pause resume": ["manager"],
    },
    "queueing.room": {
        "open pause resume schedule close off admit bypass limits times announce proof": ["manager"],
    },
    "reservations.claim": {
        "end": ["support", "manager"],
    },
    "reservations.performance": {
        "lay_out": ["manager"],
    },
    "reservations.reservation": {
        "ask compensate confirm": ["finance", "manager"],
        "release sync notify": ["support", "manager"],
        "resolve note": ["support", "finance", "manager"],
    },
}


def levers():
    """(admin, verb) of every lever that the console has."""
    with_levers = [each for each in admin.site._registry.values() if isinstance(each, WithLevers)]
    return [(each, verb) for each in with_levers for verb in each.labels]


def rows():
    """{(model, verb): roles} of the table above."""
    lines = [(model, verbs, may) for model, row in MAY_PULL.items() for verbs, may in row.items()]
    return {(model, verb): may for model, verbs, may in lines for verb in verbs.split()}


class TestTheTable:
    def test_has_a_row_for_every_lever_and_no_other(self):
        assert {(str(each.opts), verb) for each, verb in levers()} == set(rows())

    def test_of_roles_names_only_permissions_that_there_are(self, transactional_db):
        there = {f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")}
        for role, granted in roles.ROLES.items():
            assert set(granted) <= there, role


class TestARole:
    @pytest.mark.parametrize("role", roles.ROLES)
    def test_pulls_its_levers_and_no_others(self, world, role):
        operator = Operator.as_a(role)
        for each, verb in levers():
            address = each.address_of(verb, each.model(pk=each.opts.pk.get_default() or 0))
            answer = operator.client.post(address, {"reason": "I may", "seen": "{}"})
            may = role in rows()[str(each.opts), verb]
            assert answer.status_code == (404 if may else 403), (address, answer.status_code)

    @pytest.mark.parametrize("role", roles.ROLES)
    def test_may_look_at_everything(self, world, role):
        operator = Operator.as_a(role)
        for model in admin.site._registry:
            operator.see(f"{model._meta.app_label}/{model._meta.model_name}/")

    def test_is_made_again_as_it_should_be_after_every_migrate(self, world):
        group = Group.objects.get(name="viewer")
        group.permissions.add(Permission.objects.get(codename="compensate_reservation"))
        Group.objects.get(name="finance").permissions.clear()
        using = router.db_for_write(Group)
        for app_config in apps.get_app_configs():
            roles.make(app_config=app_config, using=using, apps=apps)
        assert not Operator.as_a("viewer").user.has_perm("reservations.compensate_reservation")
        assert Operator.as_a("finance").user.has_perm("reservations.compensate_reservation")

    def test_that_is_nobodys_may_nothing(self, world):
        assert Operator.who_may().see("reservations/reservation/", status=403)


class TestALeverWithoutAPermission:
    def test_is_denied_also_to_a_superuser(self, boss, rf):
        reservations = next(each for each, verb in levers() if verb == "compensate")
        request = rf.get("/")
        request.user = boss.user
        assert reservations.may(request, "compensate")
        assert not reservations.may(request, "give_away")
