"""The till (payments) stands elsewhere: two deployments in one process, each acting for its own domains."""

from io import StringIO

from django.core.management import call_command

from events import bus, intake
from events.forwarding import forward, topic_of
from events.models import Delivery
from events.relay import relay
from events.transports import open_transport
from payments.models import Payment
from reservations.models import Reservation

LONG_AGO = "2026-01-01T00:00Z"
TILL, SHOP = "payments", "reservations"
REST = ["accounts", "reservations", "queueing", "settlement"]


class Deployment:
    """Acts for its domains alone."""

    def __init__(self, settings, domains):
        self.settings, self.domains = settings, domains

    def __enter__(self):
        self.settings.DOMAINS = self.domains
        return self

    def __exit__(self, *_):
        self.settings.DOMAINS = self.settings.ALL_DOMAINS

    def forward(self):
        with self:
            return sum(forward(using=using) for using in bus.own_databases())

    def receive(self, *, seconds=10):
        """Until it has received something for each of its domains, or nothing came."""
        with self:
            receiver = open_transport(self.settings.BROKER_URL, **eager(self.settings.BROKER_URL))
            try:
                return sum(intake.receive(receiver, domain=domain, wait=seconds) for domain in self.asked)
            finally:
                receiver.close()

    @property
    def asked(self):
        return self.domains if len(self.domains) == 1 else [SHOP]

    def relay(self):
        with self:
            return relay()

    def declare(self):
        receiver = open_transport(self.settings.BROKER_URL)
        for domain in self.domains:
            receiver.declare(topic_of(domain))
        receiver.close()


def eager(url):
    return {"abandoned_after": 0} if url.startswith("redis") else {}


def submitted(world, fan=None, seat=0):
    reservation = world.held_by(fan or world.alice, world.seats[seat])
    reservation.submit()
    return reservation


def payment_of(reservation):
    return Payment.objects.filter(reservation_id=reservation.id).first()


def status(reservation):
    return Reservation.objects.get(pk=reservation.pk).status


def to_the_till(**fields):
    return Delivery.objects.using(SHOP).get(consumer="payments", **fields)


def replay(*arguments, since=LONG_AGO, to=TILL):
    """What manage.py replay_events says."""
    out = StringIO()
    call_command("replay_events", "--since", since, "--to", to, "--reason", "it was wiped", *arguments, stdout=out)
    return out.getvalue()
