"""Take in what other deployments send: into our own tables first, then the broker may forget it.

From there on it is an event like any other, with its delivery, lane, inbox and dead letter. Twice received is once
taken in.
"""

from functools import partial

import structlog
from django.conf import settings
from django.db import transaction

from events import push
from events.bus import home
from events.consumers import NoSuchConsumer, consumer
from events.forwarding import topic_of
from events.models import Delivery, Event
from events.transports import envelope as envelopes
from events.transports.envelope import Unreadable

logger = structlog.get_logger(__name__)


class Misaddressed(Unreadable):
    """For a consumer that is not this domain's, or from a domain that lives here itself."""


class Contradiction(Unreadable):
    """We know another event of that aggregate under the same number: one of the two ledgers was set back."""

    def __init__(self, envelope):
        super().__init__(f"{envelope}: another event has its number {envelope.event.seq}")


def receive(transport, *, domain, limit=100, wait=1.0) -> int:
    """Take in what has come for that domain; returns how many envelopes. Raises BrokerAway, DatabaseError.

    After an error the transport has to be closed; then what was not acknowledged comes again.
    """
    topic = topic_of(domain)
    received = transport.receive(topic, limit=limit, wait=wait)
    good, bad = _sorted_out(received, domain)
    taken = take_in([envelope for _, envelope in good], using=home(domain)) if good else set()
    bad += [(each, Contradiction(envelope)) for each, envelope in good if envelope.event.pk not in taken]
    for each, error in bad:  # what is good is safe by now
        logger.error("refused", topic=topic, why=str(error), body=each.body[:500])
        transport.refuse(topic, each)
    transport.acknowledge(topic, [each for each, envelope in good if envelope.event.pk in taken])
    return len(received)


def take_in(addressed, *, using) -> set:
    """Write the envelopes into our ledger and address them; the ids of the events that are in it after the commit.

    Left out is an event that contradicts the ledger. Those a fan waits for are handed on at once.
    """
    with transaction.atomic(using=using):
        rows = Event.objects.using(using)
        rows.bulk_create([each.event for each in addressed], ignore_conflicts=True)
        known = set(rows.filter(pk__in={each.event.pk for each in addressed}).values_list("pk", flat=True))
        deliveries = [_delivery(each) for each in addressed if each.event.pk in known]
        Delivery.objects.using(using).bulk_create(deliveries, ignore_conflicts=True)
        for id in {each.correlation_id for each in deliveries}:
            transaction.on_commit(partial(push.after_commit, using=using, correlation_id=id), using=using)
    return known


def _delivery(envelope):
    """It is `ready` even behind another of its lane: the claim looks again."""
    place = envelope.position
    return Delivery(
        event_id=envelope.event.pk,
        consumer=envelope.consumer,
        aggregate_type=place.aggregate_type,
        aggregate_id=place.aggregate_id,
        seq=place.seq,
        prev_seq=place.prev_seq or 0,
        correlation_id=envelope.event.correlation_id,
    )


def _sorted_out(received, domain):
    good, bad = [], []
    for each in received:
        try:
            good.append((each, _for_us(envelopes.read(each.body), domain)))
        except Unreadable as error:
            bad.append((each, error))
    return good, bad


def _for_us(envelope, domain):
    try:
        at = consumer(envelope.consumer).home
    except NoSuchConsumer:
        at = None
    if at != domain or envelope.author in settings.DOMAINS:
        raise Misaddressed(f"{envelope} of {envelope.author} is not for {domain}")
    return envelope
