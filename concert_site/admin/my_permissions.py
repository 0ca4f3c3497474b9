"""What an operator may do, in words, and whom to ask for more."""

from dataclasses import dataclass
from functools import partial

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from concert_site import roles
from events.admin.levers import WithLevers

MOST_NAMED = 20
BY_DJANGO = {"add": gettext_lazy("Add"), "change": gettext_lazy("Change"), "delete": gettext_lazy("Delete")}


def paths(site):
    return [path("my-permissions/", site.admin_view(partial(page, site)), name="my_permissions")]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A lever of a thing, or what else a role may do. roles: those that have it."""

    thing: str
    lever: str
    may: bool
    roles: list


def page(site, request):
    context = {
        "title": _("My permissions"),
        "roles": [name for name in request.user.groups.values_list("name", flat=True)],
        "rows": rows_for(site, request),
        "superusers": superusers(),
        "limits": {"points": settings.APPROVAL_POINTS, "count": settings.APPROVAL_COUNT},
    }
    return TemplateResponse(request, "admin/my_permissions.html", site.each_context(request) | context)


def rows_for(site, request) -> list[Row]:
    """The levers, then what else the roles may do."""
    levers = list(_levers(site))
    pulled = {permission for permission, _thing, _label in levers}
    others = [(permission, *told) for permission, told in _others().items() if permission not in pulled]
    return [
        Row(
            thing=thing,
            lever=label,
            may=request.user.has_perm(permission),
            roles=[role for role in roles.ROLES if roles.may(role, permission)],
        )
        for permission, thing, label in [*levers, *others]
    ]


def _levers(site):
    """(permission, thing, label) of each; some share a permission."""
    for each in site._registry.values():
        if isinstance(each, WithLevers):
            for verb, label in each.labels.items():
                yield each.permission_of(verb), each.opts.verbose_name, label


def _others() -> dict:
    """{"app.codename": (thing, label)} of all that some role has beyond looking."""
    granted = dict.fromkeys(permission for each in roles.ROLES.values() for permission in each)
    known = {name: told for model in apps.get_models() for name, told in _permissions_on(model._meta)}
    return {name: known[name] for name in granted}


def _permissions_on(opts):
    labels = {f"{verb}_{opts.model_name}": label for verb, label in BY_DJANGO.items()} | dict(opts.permissions)
    return [(f"{opts.app_label}.{codename}", (opts.verbose_name, label)) for codename, label in labels.items()]


def superusers() -> list:
    """They give roles."""
    found = get_user_model().objects.filter(is_superuser=True, is_active=True).order_by("email")
    return list(found.values_list("name", "email")[:MOST_NAMED])
