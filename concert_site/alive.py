"""Beat and worker report that they live; /readyz, /metrics and the console say when they no longer do."""

import time

from celery import shared_task
from django.core.cache import cache

STALE_SECONDS = 30
PROCESSES = ("beat", "worker")


@shared_task(name="concert_site.report_alive", bind=True)
def report_alive(self, **kwargs):
    """Beat sent it and a worker runs it, so both live: as of when it was sent, and as of now."""
    cache.set("alive:worker", time.time(), None)
    cache.set("alive:beat", time.time(), None)


def silent() -> dict:
    """{process: seconds since its last report, None if it never reported} of those that should have reported."""
    reports = cache.get_many([f"alive:{name}" for name in PROCESSES])
    ages = {name: _age(reports.get(f"alive:{name}")) for name in PROCESSES}
    return {name: age for name, age in ages.items() if age is None or age > STALE_SECONDS}


def _age(reported_at):
    return None if reported_at is None else round(time.time() - reported_at)
