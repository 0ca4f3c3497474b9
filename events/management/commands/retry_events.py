import getpass
from collections import Counter
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from events import bus
from events.models import Delivery
from events.models.delivery import AlreadyHandled


class Command(BaseCommand):
    help = "Sends dead deliveries of all databases on their way again, each with an operator's action."

    def add_arguments(self, parser):
        parser.add_argument("--consumer", help="only those to this consumer")
        parser.add_argument("--fingerprint", help="only those of this fault")
        parser.add_argument("--id", nargs="+", type=UUID, dest="ids", metavar="UUID", help="only these deliveries")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--as", dest="operator", help="your name; else the system's name for you")
        parser.add_argument("--dry-run", action="store_true", help="list them, change nothing")

    def handle(self, *, consumer, fingerprint, ids, reason, operator, dry_run, **options):
        if not reason.strip():
            raise CommandError("Say why, with --reason.")
        why = {"operator": operator or getpass.getuser(), "reason": reason}
        these = {"consumer": consumer, "fingerprint": fingerprint}
        dead = [delivery for using in bus.databases() for delivery in find(using, ids=ids, **these)]
        outcomes = Counter()
        for delivery in dead:
            outcome, remark = ("would be retried", "") if dry_run else retry(delivery, **why)
            outcomes[outcome] += 1
            self.stdout.write(f"{delivery.pk} {delivery}: {outcome}{remark and f' ({remark})'}")
        for id in sorted(set(ids or []) - {delivery.pk for delivery in dead}):
            outcomes["skipped"] += 1
            self.stdout.write(f"{id}: skipped (no dead delivery of that id)")
        self.stdout.write(", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items()) or "None is dead.")
        if outcomes["failed"]:
            raise CommandError(f"{outcomes['failed']:,} failed.")


def find(using, *, consumer, fingerprint, ids):
    dead = Delivery.objects.using(using).dead()
    dead = dead.filter(consumer=consumer) if consumer else dead
    dead = dead.filter(fingerprint=fingerprint) if fingerprint else dead
    dead = dead.filter(pk__in=ids) if ids else dead
    return dead.select_related("event").defer("event__data", "last_error").order_by("id")


def retry(delivery, **why):
    """(outcome, remark)"""
    try:
        delivery.retry(**why)
    except AlreadyHandled as handled:
        return "skipped", str(handled)
    except DatabaseError as error:
        return "failed", str(error).strip()
    return "ok", ""
