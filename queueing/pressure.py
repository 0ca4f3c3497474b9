"""Backpressure: at what share of the operators' pace the shop can take fans, by how its own requests fare.

It sinks by a factor and recovers in small steps, as TCP does: quickly off the rocks, slowly back to the limit.
"""

import os
from datetime import timedelta

import structlog
from django.conf import settings

from events import bus
from events.clock import database_now
from queueing.models import Inflow, ShopLoad
from queueing.tally import Tally

SECOND = timedelta(seconds=1)
WINDOW = timedelta(seconds=10)
ENOUGH = 20  # requests in the window before they can lower the share
FLOOR, CUT, RECOVERY = 0.1, 0.7, 0.05  # recovery: per second
PATIENCE = timedelta(seconds=5)  # between two cuts: the first has to show its effect

logger = structlog.get_logger(__name__)
tally = Tally()
os.register_at_fork(after_in_child=tally.forget)


def observe(seconds, *, failed):
    """A request of the shop is over. Costs a few microseconds, waits for nothing and never raises."""
    tally.count(slow=seconds > settings.SHOP_SLOW_SECONDS, failed=failed)


def look(*, now=None) -> Inflow:
    """How it stands now. Anybody may ask at any time; at most once a second somebody's question moves the share."""
    now = now or database_now(bus.home(Inflow))
    with bus.atomic(Inflow):
        due = Inflow.objects.select_for_update(skip_locked=True).filter(looked_at__lte=now - SECOND).first()
        if due:
            _move(due, load=ShopLoad.between(now - WINDOW, now), now=now)
    return due or Inflow.current()


def step(share, *, trouble, enough, patient, seconds) -> float:
    """The next share, between FLOOR and 1. seconds: since the last step.

    trouble: the shop is slow or fails. enough: requests to trust that. patient: the last cut was long enough ago.
    Trouble that lowers nothing holds the share where it is: what a cut has thinned out is no recovery.
    """
    if not trouble:
        return min(1.0, share + RECOVERY * seconds)
    return max(FLOOR, share * CUT) if enough and patient else share


def _move(inflow, *, load, now):
    trouble, before = load.trouble, inflow.share
    inflow.share = step(
        before,
        trouble=bool(trouble),
        enough=load.requests >= ENOUGH,
        patient=inflow.cut_at is None or now - inflow.cut_at >= PATIENCE,
        seconds=(now - inflow.looked_at).total_seconds(),
    )
    if inflow.share < before:
        inflow.cut_at = now
        logger.warning("inflow_cut", share=inflow.share, trouble=str(trouble), **load._asdict())
    inflow.reason = Inflow.Reason.NONE if inflow.share == 1 else trouble or inflow.reason
    inflow.slow_percent, inflow.failed_percent, inflow.looked_at = load.slow_percent, load.failed_percent, now
    inflow.save()
