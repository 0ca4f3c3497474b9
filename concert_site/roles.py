"""Who may do what in the console: role -> permissions. A lever whose permission is in no row is a superuser's.

Each role is a group of that name, made so again after every migrate; other groups are left alone. Every role may look
at everything.
"""

from django.db import router

SUPPORT = [
    "concert_site.add_reconciliation",
    "events.retry_delivery",
    "reservations.end_claim",
    "reservations.note_reservation",
    "reservations.notify_reservation",
    "reservations.release_reservation",
    "reservations.resolve_reservation",
    "reservations.sync_reservation",
]
FINANCE = [
    "reservations.ask_reservation",
    "concert_site.add_reconciliation",
    "reservations.compensate_reservation",
    "reservations.confirm_reservation",
    "reservations.export_sales",
    "reservations.note_reservation",
    "reservations.resolve_reservation",
]
PROGRAMME = [
    f"reservations.{verb}_{model}"
    for model in ["cancellationtier", "concert", "performance", "price", "seatingplan", "venue"]
    for verb in ["add", "change", "delete"]
]
MANAGER = [
    "events.decide_approval",
    "events.discard_delivery",
    "events.edit_delivery",
    "events.pause_destination",
    "events.replay_delivery",
    "queueing.add_room",
    "queueing.change_room",
    "reservations.lay_out_performance",
]
ROLES = {
    "viewer": [],
    "support": SUPPORT,
    "finance": FINANCE,
    "manager": SUPPORT + FINANCE + PROGRAMME + MANAGER,
}


def may(role, permission) -> bool:
    """Whether the role has the permission ("app.codename")."""
    return permission.partition(".")[2].startswith("view_") or permission in ROLES[role]


def make(*, app_config, using, apps, **signal):
    """After the app has been migrated: its part of each role. Where there are no groups, there are no roles."""
    try:
        Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:
        return
    if not router.allow_migrate_model(using, Group):
        return
    of_app = list(Permission.objects.using(using).filter(content_type__app_label=app_config.label))
    for role in ROLES:
        group = Group.objects.using(using).get_or_create(name=role)[0]
        group.permissions.remove(*(each for each in of_app if not may(role, _name(app_config, each))))
        group.permissions.add(*(each for each in of_app if may(role, _name(app_config, each))))


def _name(app_config, permission):
    return f"{app_config.label}.{permission.codename}"
