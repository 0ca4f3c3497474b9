import signal
import threading
from contextlib import contextmanager

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from events.consumers import consumers
from events.destinations import NOT_REACHED, Destinations
from events.forwarding import forward
from events.homes import own_databases
from events.relay import collecting, deliver_round, take_up_known

LIMITS = {False: 100, True: 10}  # lanes at once, by whether the consumers are external: the network is slow


class Command(BaseCommand):
    help = "Hands events to their consumers, until it is told to stop. Any number of relays may run."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="what is due now, then exit")
        parser.add_argument("--interval", type=float, default=0.5, metavar="SECONDS", help="pause when nothing is due")
        kinds = parser.add_mutually_exclusive_group()
        kinds.add_argument("--external", action="store_true", help="only what needs the network, a broker too")
        kinds.add_argument("--in-house", action="store_true", help="only to the others")

    def handle(self, *, once, interval, external, in_house, **options):
        self.stopping = threading.Event()
        self.unreachable = set()
        kinds = [True] if external else [False] if in_house else [False, True]
        with told_by_signals(self.stopping):
            total = self._until_stopped(kinds, once=once, interval=interval)
        self.stdout.write(f"Tried {total:,} in all.")
        if once and self.unreachable:
            raise CommandError(f"Not reached: {', '.join(sorted(self.unreachable))}.")

    def _until_stopped(self, kinds, *, once, interval):
        total = 0
        while not self.stopping.is_set():
            tried = sum(self._batches(kinds))
            total += tried
            if tried:
                self.stdout.write(f"Tried {tried:,}.")
            elif once:
                break
            else:
                self.stopping.wait(interval)
        return total

    def _batches(self, kinds):
        """How many were tried, batch by batch: one of each database and kind."""
        for kind in kinds:
            names = [consumer.name for consumer in consumers(external=kind)]
            destinations = Destinations(names)
            for using in own_databases():
                options = {"consumers": names, "limit": LIMITS[kind], "destinations": destinations}
                yield self._batch(using, deliver, **options)
        if True in kinds:
            for using in own_databases():
                yield self._batch(using, forward)

    def _batch(self, using, verb, **options):
        """One database that is away holds up no other."""
        if self.stopping.is_set():
            return 0
        try:
            tried = verb(using=using, **options)
        except NOT_REACHED as error:
            self._say_once(using, error)
            connections[using].close()
            return 0
        self.unreachable.discard(using)
        return tried

    def _say_once(self, using, error):
        if using not in self.unreachable:
            self.stderr.write(f"{using} is not reached: {error}")
        self.unreachable.add(using)


def deliver(*, using, consumers, **options):
    with collecting():
        take_up_known(using=using, consumers=consumers)
        return deliver_round(using=using, consumers=consumers, **options)


@contextmanager
def told_by_signals(event):
    """SIGTERM and SIGINT set the event; what is under way comes to its end."""
    before = {number: signal.signal(number, lambda *_: event.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
