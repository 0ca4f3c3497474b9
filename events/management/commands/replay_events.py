from collections import Counter
from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware

from events import bus
from events.consumers import consumers
from events.forwarding import hang_up, send, topic_of
from events.ids import first_uuid7
from events.management.by_hand import add_why, why_of
from events.management.commands.receive_events import require_broker
from events.models import Delivery, OperatorAction

CHUNK = 500
SKEW = timedelta(minutes=5)  # ids are made by the workers' clocks


class Command(BaseCommand):
    help = (
        "Sends again from the ledger what the broker took for a domain and then lost. What had arrived is taken in"
        " once, so sending too much does no harm; what is not sent yet goes by itself."
    )

    def add_arguments(self, parser):
        parser.add_argument("--since", required=True, type=moment, metavar="TIME", help="as 2026-11-24T20:00+09:00")
        parser.add_argument("--to", required=True, dest="domain", choices=settings.ALL_DOMAINS, help="whose events")
        add_why(parser)

    def handle(self, *, since, domain, dry_run, **options):
        require_broker()
        why = why_of(**options)
        if domain in settings.DOMAINS:
            raise CommandError(f"{domain} lives here: its events do not go through the broker.")
        self.outcomes = Counter()
        for using in bus.own_databases():
            if not dry_run:
                _note(using, since=since, domain=domain, **why)
            self._replay(_sent(using, since=since, domain=domain), topic_of(domain), dry_run=dry_run)
        hang_up()
        self.stdout.write(", ".join(f"{count:,} {what}" for what, count in self.outcomes.items()) or "There are none.")
        if not_sent := self.outcomes["not sent"]:
            raise CommandError(f"{not_sent:,} could not be sent. Run it again: those that were are known there.")

    def _replay(self, deliveries, topic, *, dry_run):
        if dry_run:
            self.outcomes["would be sent"] += deliveries.count()
            return
        last = None
        while batch := list((deliveries.filter(pk__gt=last) if last else deliveries)[:CHUNK]):
            last = batch[-1].pk
            outcomes = send(topic, batch)
            self.outcomes["sent"] += outcomes.count(None)
            self.outcomes["not sent"] += len(outcomes) - outcomes.count(None)
            self.stdout.write(f"{self.outcomes['sent']:,} sent, up to {batch[-1].event.occurred_at:%Y-%m-%d %H:%M:%S}")


def _note(using, *, since, domain, **why):
    """Before anything is sent: what was sent can't be taken back."""
    OperatorAction.record(
        using=using, action="events.replay", target_type="domain", target_id=domain, before={},
        after={"since": since.isoformat()}, **why,
    )  # fmt: skip


def _sent(using, *, since, domain):
    """Deliveries that the broker has taken, in the order they were written."""
    names = [consumer.name for consumer in consumers() if consumer.home == domain]
    rows = Delivery.objects.using(using).filter(consumer__in=names, state=Delivery.State.DONE)
    rows = rows.filter(pk__gte=first_uuid7(since - SKEW), event__occurred_at__gte=since)
    return rows.select_related("event").order_by("pk")


def moment(text):
    found = parse_datetime(text)
    if found is None:
        raise CommandError(f"{text!r} is no time; write it as 2026-11-24T20:00+09:00.")
    return make_aware(found) if is_naive(found) else found
