"""Hand events on to the deployments that their consumers live in, through the broker.

A delivery is done here once the broker has confirmed it; what then becomes of it, the receiving deployment's own
tables say. The way to a domain has a breaker like any consumer, named broker:<domain>.
"""

import threading
from collections import defaultdict
from dataclasses import replace

import structlog
from django.conf import settings

from events.consumers import consumer, consumers
from events.homes import own_databases
from events.models import Delivery, Destination
from events.outages import is_outage
from events.transports import BrokerAway, open_transport
from events.transports.envelope import Envelope

logger = structlog.get_logger(__name__)
_thread = threading.local()


def topic_of(domain) -> str:
    """What that domain receives."""
    return f"events.{domain}"


def ways() -> list:
    """(name, database) of the breaker of each way that events go from here; each database has its own."""
    return [(_way(domain), using) for domain in _elsewhere() for using in own_databases()]


def places() -> list:
    """(name, database) of all consumers and of those ways; no database where it is not ours."""
    return [(each.name, each.database if each.is_here else "") for each in consumers()] + ways()


def forward(*, using, limit=100) -> int:
    """Send what is due in that database to the topics of its consumers; returns how many were tried."""
    tried = 0
    for domain, names in _elsewhere().items() if settings.BROKER_URL else ():
        while batch := _claim(domain, names, using=using, limit=limit):
            tried += len(batch)
            if not _sent(batch, to=domain, using=using):
                break
    return tried


def send(topic, deliveries) -> list:
    """What became of each, as of Transport.send."""
    outcomes = transport().send(topic, envelopes_of(deliveries))
    troubles = [outcome for outcome in outcomes if outcome is not None]
    if troubles:
        logger.warning("not_sent", topic=topic, count=len(troubles), why=str(troubles[0]))
    if any(isinstance(trouble, BrokerAway) for trouble in troubles):
        hang_up()
    return outcomes


def envelopes_of(deliveries) -> list[Envelope]:
    """What was given up by hand never comes, so that nobody there waits for it."""
    gone = {_place(each, each.seq): each.prev_seq for each in _discarded(deliveries)}
    return [
        Envelope(event=each.event, consumer=each.consumer, position=replace(each.position, prev_seq=_came(each, gone)))
        for each in deliveries
    ]


def transport():
    """This thread's connection to the broker."""
    if getattr(_thread, "url", None) != settings.BROKER_URL:
        hang_up()
        _thread.transport, _thread.url = open_transport(settings.BROKER_URL), settings.BROKER_URL
    return _thread.transport


def hang_up():
    """The next use connects anew."""
    if getattr(_thread, "url", None):
        _thread.transport.close()
    _thread.transport = _thread.url = None


def _elsewhere():
    """{domain: names of its consumers}"""
    names = defaultdict(list)
    for each in consumers():
        if not each.is_here:
            names[each.home].append(each.name)
    return names


def _claim(domain, names, *, using, limit):
    """All that is due, or one as a probe, or nothing: as the breaker has it."""
    way = Destination.objects.using(using).filter(pk=_way(domain)).first()
    if way is None or not (way.paused or way.away_since):
        return Delivery.claim(using=using, consumers=names, limit=limit)
    if not Destination.take_probe(_way(domain), using=using):
        return []
    probe = Delivery.claim(using=using, consumers=names, limit=1)
    if not probe:
        Destination.give_probe_back(_way(domain), using=using)
    return probe


def _sent(batch, *, to, using) -> bool:
    """Whether all that could be sent is; the breaker and the deliveries know it then."""
    outcomes = send(topic_of(to), batch)
    Delivery.finish([each for each, outcome in zip(batch, outcomes, strict=True) if outcome is None], using=using)
    for each, outcome in zip(batch, outcomes, strict=True):
        if outcome is not None and is_outage(outcome):
            each.hold_up(outcome)
        elif outcome is not None:
            each.fail(outcome, max_attempts=consumer(each.consumer).max_attempts)
    outage = next((outcome for outcome in outcomes if outcome is not None and is_outage(outcome)), None)
    if outage:
        Destination.note_outage(_way(to), using=using, error=outage)
    else:
        Destination.note_answer(_way(to), using=using)
    return outage is None


def _discarded(deliveries):
    lanes = {(each.consumer, each.aggregate_id) for each in deliveries if each.prev_seq}
    if not lanes:
        return []
    return Delivery.objects.using(deliveries[0]._state.db).filter(
        consumer__in={name for name, _ in lanes}, aggregate_id__in={id for _, id in lanes},
        state=Delivery.State.DISCARDED,
    )  # fmt: skip


def _came(delivery, gone):
    """The seq of the last one before it that was not given up."""
    seq = delivery.prev_seq
    while _place(delivery, seq) in gone:
        seq = gone[_place(delivery, seq)]
    return seq


def _place(delivery, seq):
    return delivery.consumer, delivery.aggregate_type, delivery.aggregate_id, seq


def _way(domain):
    return f"broker:{domain}"
