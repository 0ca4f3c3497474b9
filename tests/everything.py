"""What a test sees of the whole system: everything done that is due, and every promise kept."""

from django.conf import settings
from django.db import connections

from concert_site.invariants import LETTERS, judge
from events.handles import outcome_of
from events.models import Delivery
from events.relay import relay


def settle():
    """Let the worker do all that is due, in every database."""
    while relay() + relay(external=True):
        pass


def retry_the_dead(**why):
    """As an operator does who sends on its way again whatever he finds."""
    for alias in settings.DATABASES:
        retry_each(Delivery.objects.using(alias).dead(), **why)


def retry_each(seen, **why) -> list:
    """Of the deliveries as they were read: the outcomes."""
    return [outcome_of(Delivery.retry, each, **why).outcome for each in seen]


def unfinished():
    """Deliveries that are not over, in every database."""
    return [each for alias in settings.DATABASES for each in Delivery.objects.using(alias).unfinished()]


def make_due(aliases=()):
    """Let the time pass that deliveries and probes wait before they are tried again, and that leases last."""
    for alias in aliases or settings.DATABASES:
        with connections[alias].cursor() as cursor:
            cursor.execute("UPDATE events_delivery SET available_at = now() WHERE state IN ('ready', 'leased')")
            cursor.execute("UPDATE events_destination SET probe_at = now() WHERE probe_at IS NOT NULL")


def not_kept(letters=LETTERS) -> dict:
    """{letter: what is wrong with it, or was not to be seen} of those promises that were not seen to be kept."""
    verdicts = [judge(LETTERS[letter], pause=0) for letter in letters]
    doubts = {each.letter.letter: each.violations + each.moving + each.unchecked for each in verdicts}
    return {letter: found for letter, found in doubts.items() if found}


def assert_sound():
    """Everything is done and every invariant holds."""
    settle()
    assert unfinished() == []
    assert not_kept() == {}
