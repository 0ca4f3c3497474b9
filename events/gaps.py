"""An event came whose predecessor its consumer has not seen. What can be done where the ledger is at hand.

Mostly the missing one is on its way. What an operator gave up never comes, so nobody waits for it. What should long
have come (the consumer's database was restored from yesterday, or a broker lost it) is sent again.
"""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from events.clock import database_now
from events.models import Delivery, Event

logger = structlog.get_logger(__name__)
State = Delivery.State


class LostEvents(Exception):
    """The ledger no longer has what is missing: only an operator can say how to go on."""

    permanent = True


def settle(delivery, gap, *, consumer):
    """Decide how the delivery goes on, and write it down."""
    lane = _between(delivery, gap.cursor)
    if lane and all(each.state == State.DISCARDED for each in lane):
        delivery.hold_up(gap, pause=0, prev_seq=gap.cursor)
    elif not _is_old(delivery):
        delivery.hold_up(gap, pause=settings.GAP_PATIENCE_SECONDS / 10)
    elif sent := _send_again(delivery, gap, lane, consumer=consumer):
        logger.warning("gap_fetched", consumer=consumer.name, aggregate=str(delivery.aggregate_id), events=sent)
    else:
        delivery.fail(LostEvents(str(gap)), max_attempts=0)


def _between(delivery, cursor):
    rows = Delivery.objects.using(delivery._state.db).lane_of(delivery)
    return list(rows.filter(seq__gt=cursor, seq__lt=delivery.seq).select_related("event").order_by("seq"))


def _is_old(delivery):
    since = delivery.held_up_since
    patience = timedelta(seconds=settings.GAP_PATIENCE_SECONDS)
    return since is not None and since + patience < database_now(delivery._state.db)


def _send_again(delivery, gap, lane, *, consumer) -> int:
    """Put what is missing before it in its lane again; says how many. They go first, because they come first."""
    using = delivery._state.db
    with transaction.atomic(using=using):
        again = Delivery.objects.using(using).filter(pk__in=[each.pk for each in lane], state=State.DONE)
        sent = again.update(state=State.READY, attempts=0, available_at=Now(), done_at=None)
        for event in _pruned(delivery, gap.cursor, lane, types=consumer.types):
            Delivery.address(event, consumers=[consumer.name], using=using)
            sent += 1
        if sent:
            delivery.hold_up(gap, pause=0)
    return sent


def _pruned(delivery, cursor, lane, *, types):
    """Events whose deliveries were done long ago and are gone."""
    ledger = Event.objects.using(delivery._state.db).filter(
        aggregate_type=delivery.aggregate_type, aggregate_id=delivery.aggregate_id, type__in=types,
        seq__gt=cursor, seq__lt=delivery.seq,
    )  # fmt: skip
    return ledger.exclude(pk__in=[each.event_id for each in lane]).order_by("seq")
