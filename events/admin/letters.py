"""The pages of dead letters: all groups, and the letters of one."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from events.admin.domains import domain_of, domains
from events.admin.letter_export import as_csv
from events.admin.levers import MOST_AT_ONCE, Lever
from events.admin.windows import counted
from events.models import Delivery
from events.models.letter_groups import MOST, Group, group, groups

MOST_LISTED = 50


class Letters:
    """For the admin of deliveries."""

    def dead_letters(self, request):
        self.require_view(request)
        found = [each for using in domains() for each in groups(using)]
        return self._page(
            request, "admin/dead_letters.html", title=_("Dead letters"), many_domains=len(domains()) > 1,
            dead=[self._shown(each) for each in found if each.state == "dead"],
            shelved=[self._shown(each) for each in found if each.state == "shelved"],
        )  # fmt: skip

    def dead_letter_group(self, request):
        self.require_view(request)
        found = self.group_of(request)
        letters = [] if found is None else letters_of(found).select_related("event").defer("event__data", "last_error")
        return self._page(
            request, "admin/dead_letter_group.html", title=found.fault if found else _("Nothing is left of this group"),
            group=found and self._shown(found), letters=letters[:MOST_LISTED], most=MOST_LISTED,
            levers=found and self._levers_of_group(request, found),
        )  # fmt: skip

    def dead_letters_csv(self, request):
        """Of one group, or all that are open in the domain."""
        self.require_view(request)
        letters = Delivery.objects.using(domain_of(request)).filter(state__in=Delivery.OPEN)
        return as_csv(letters.filter(**asked_group(request)), by=request.user)

    def require_view(self, request):
        """Raises PermissionDenied."""
        if not self.has_view_permission(request):
            raise PermissionDenied

    def group_of(self, request) -> Group | None:
        """The group that the address names. Raises Http404."""
        asked = asked_group(request)
        if len(asked) < 3:
            raise Http404
        return group(domain_of(request), **asked)

    def group_address(self, of, page="dead_letter_group", *arguments) -> str:
        """Of the group that a delivery is in, or of a group."""
        using = of.using if isinstance(of, Group) else of._state.db
        query = {"domain": using, "state": of.state, "consumer": of.consumer, "fingerprint": of.fingerprint}
        return reverse(f"admin:{page}", args=arguments, query=query)

    def _shown(self, each):
        told = {name: counted(getattr(each, name), MOST) for name in ("count", "lanes", "stories", "followers")}
        told |= {"of": each, "address": self.group_address(each), "csv": self.group_address(each, "dead_letters_csv")}
        return told | {"points": f"{each.points:,}", "points_are_more": each.count > MOST}

    def _levers_of_group(self, request, found):
        for verb, label in [("retry", _("Retry them all")), ("discard", _("Discard them all"))]:
            if found.count > most_at_once(verb):
                label = f"{label} ({most_at_once(verb)} / {counted(found.count, MOST)})"
            why_not = "" if self.may(request, verb) else _("You don't have the permission to do this.")
            address = self.group_address(found, "dead_letter_group_lever", verb)
            yield Lever(label=label, address=address, why_not=why_not)

    def _page(self, request, template, **context):
        context = self.admin_site.each_context(request) | {"opts": self.opts} | context
        return TemplateResponse(request, template, context)


def most_at_once(verb) -> int:
    """What can't be taken back is done in smaller portions."""
    return min(MOST_AT_ONCE, settings.APPROVAL_COUNT) if verb == "discard" else MOST_AT_ONCE


def asked_group(request) -> dict:
    """state, consumer and fingerprint, as far as the address names them."""
    return {name: request.GET[name] for name in ("state", "consumer", "fingerprint") if name in request.GET}


def letters_of(found: Group):
    """Those that failed first come first, so that what dies again comes last."""
    rows = Delivery.objects.using(found.using).filter(state__in=Delivery.OPEN)
    rows = rows.filter(state=found.state, consumer=found.consumer, fingerprint=found.fingerprint)
    return rows.order_by("failed_at", "id")
