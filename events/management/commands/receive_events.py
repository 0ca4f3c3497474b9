import threading

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connections

from events import intake
from events.forwarding import topic_of
from events.management.commands.relay import told_by_signals
from events.transports import BrokerAway, open_transport

LONGEST_PAUSE = 30  # seconds between two tries while the broker or our database is away

logger = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Takes in what other deployments send to this one's domains, until it is told to stop. Any number may run."

    def handle(self, **options):
        require_broker()
        self.stopping = threading.Event()
        with told_by_signals(self.stopping):
            receive_until(self.stopping)


def require_broker():
    if not settings.BROKER_URL:
        raise CommandError("BROKER_URL names no broker.")


def receive_until(stopping):
    """Whatever goes wrong, with a new connection and after a pause that doubles it is tried again."""
    pause = 1
    while not stopping.is_set():
        transport = open_transport(settings.BROKER_URL)
        try:
            for _round in _rounds(transport, stopping):
                pause = 1
        except (BrokerAway, DatabaseError, InterfaceError) as error:
            logger.warning("not_received", why=str(error), again_in=pause)
            connections.close_all()
            stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            transport.close()


def _rounds(transport, stopping):
    for domain in settings.DOMAINS:
        transport.declare(topic_of(domain))
    while not stopping.is_set():
        yield sum(
            intake.receive(transport, domain=domain, wait=1 / len(settings.DOMAINS)) for domain in settings.DOMAINS
        )
