"""The console's views, in the order in which whoever opens it needs them.

A new view is one line of MENU. It is shown to who may see it.
"""

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class View:
    """page: the name of its URL within the console. permission: without it the view is not shown; "": for everybody."""

    label: str | Promise
    told: str | Promise
    page: str
    permission: str = ""
    query: dict = field(default_factory=dict)

    @property
    def address(self) -> str:
        return reverse(f"admin:{self.page}", query=self.query)


MENU = [
    View(
        label=_("Reservations needing attention"),
        told=_("What is stuck, why, and what you can do about it. Begin here."),
        page="attention",
        permission="reservations.view_reservation",
    ),
    View(
        label=_("Dead letters"),
        told=_("Messages that could not be delivered, by the fault that stopped them."),
        page="dead_letters",
        permission="events.view_delivery",
    ),
    View(
        label=_("Consumers and destinations"),
        told=_("Who gets messages, how fast, and who is away or paused."),
        page="consumers",
        permission="events.view_destination",
    ),
    View(
        label=_("Reconciliation"),
        told=_("Whether seats, points and messages agree everywhere; and the repair where they don't."),
        page="reconciliation",
        permission="concert_site.view_reconciliation",
    ),
    View(
        label=_("Rooms"),
        told=_("Who waits, who is in, and how fast fans are let in."),
        page="queueing_room_changelist",
        permission="queueing.view_room",
    ),
    View(
        label=_("Sales"),
        told=_("Seats sold, held and free, and the points they brought."),
        page="sales",
        permission="reservations.view_performance",
    ),
    View(
        label=_("Approvals"),
        told=_("What is large enough to need a second person, and waits for one."),
        page="events_approval_changelist",
        permission="events.view_approval",
        query={"state__exact": "PENDING"},
    ),
    View(
        label=_("Operator log"),
        told=_("Who did what by hand, when and why."),
        page="events_operatoraction_changelist",
        permission="events.view_operatoraction",
    ),
    View(
        label=_("My permissions"),
        told=_("What you may do here, and what you may not."),
        page="my_permissions",
    ),
]


def menu_of(user) -> list[View]:
    """The views for this operator."""
    return [view for view in MENU if not view.permission or user.has_perm(view.permission)]


def as_app(views) -> list[dict]:
    """Them as Django's sidebar lists the models of an app."""
    entries = [{"name": view.label, "object_name": view.page, "admin_url": view.address} for view in views]
    return [{"name": _("Views"), "app_label": "views", "app_url": f"{reverse('admin:index')}#views", "models": entries}]
