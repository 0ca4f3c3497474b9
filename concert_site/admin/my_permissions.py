"""What an operator may do, lever by lever and in words, and whom to ask for more."""

from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.contrib.auth import get_user_model
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _

from concert_site import roles
from events.admin.levers import WithLevers

MOST_NAMED = 20


def paths(site):
    return [path("my-permissions/", site.admin_view(partial(page, site)), name="my_permissions")]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A lever of a thing. roles: those that have it."""

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
    with_levers = [each for each in site._registry.values() if isinstance(each, WithLevers)]
    return [
        Row(
            thing=each.opts.verbose_name,
            lever=each.label_of(verb),
            may=each.may(request, verb),
            roles=[role for role in roles.ROLES if roles.may(role, each.permission_of(verb))],
        )
        for each in with_levers
        for verb in each.verbs
    ]


def superusers() -> list:
    """They give roles."""
    found = get_user_model().objects.filter(is_superuser=True, is_active=True).order_by("email")
    return list(found.values_list("name", "email")[:MOST_NAMED])
