"""What fans, workers and operators do all day, each in a process of its own, until the storm is over.

Whatever happens to one of them, he begins anew with new connections, as a new process would.
"""

import time
from contextlib import nullcontext

import time_machine
from django.conf import settings
from django.db import connections
from django.test import override_settings
from django.utils.timezone import now

from events import bus, intake
from events.forwarding import forward
from events.relay import relay
from events.transports import open_transport
from payments.tasks import settle_charges
from queueing.ticks import tick_rooms
from reservations import confirmation, holding
from reservations.models import Reservation
from tests.everything import retry_the_dead
from tests.faults.stories import LATER, Decline, Purchase

WHY = {"operator": "Olga", "reason": "stormy weather"}
TASKS = {
    "reservations": [holding.expire_holds, confirmation.chase],
    "payments": [settle_charges],
    "queueing": [tick_rooms],
}


def work(storm, chance, *, domains, minutes=0):
    """What manage.py work does for these domains, by a clock that is so many minutes wrong."""
    tasks = [relay, lambda: relay(external=True), *(task for domain in domains for task in TASKS.get(domain, []))]
    if storm.broker:
        tasks += [send, receive]
    wrong = time_machine.travel(now() + LATER / 3 * minutes) if minutes else nullcontext()
    with wrong, override_settings(DOMAINS=domains):
        while storm.goes_on():
            for task in tasks:
                tried(task)


def send():
    for using in bus.own_databases():
        forward(using=using)


def receive():
    transport = open_transport(settings.BROKER_URL, patience=1, abandoned_after=1)
    try:
        for domain in settings.DOMAINS:
            intake.receive(transport, domain=domain, wait=0.02)
    finally:
        transport.close()


def shop(storm, chance):
    """One fan after the other comes, each with one story; some give back what they bought."""
    while storm.goes_on():
        tried(lambda: _come(storm, chance))


def _come(storm, chance):
    story = chance.choice([Purchase, Purchase, Decline])(storm.world, chance.choice(storm.world.seats))
    for _again in range(8):  # as a phone does, with the same keys
        if tried(story.buy) or not storm.goes_on():
            break
    if story.status == "CONFIRMED" and chance.random() < 0.4:
        tried(story.cancel)


def operate(storm, chance):
    while storm.goes_on():
        time.sleep(0.3)
        tried(lambda: retry_the_dead(**WHY))
        tried(lambda: _compensate(chance))


def _compensate(chance):
    some = list(Reservation.objects.all())
    if some and chance.random() < 0.3:
        reservation = chance.choice(some)
        confirmation.compensate(reservation, **WHY, seen=reservation.revision)


def tried(task) -> bool:
    try:
        task()
    except Exception:
        connections.close_all()
        return False
    return True
