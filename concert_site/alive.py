"""Beat and worker report that they live; /readyz, /metrics and the console say when they no longer do."""

import time

from celery import shared_task
from celery.signals import before_task_publish
from django.conf import settings
from django.core.cache import cache

PROCESSES = ("beat", "worker")


REPORT = "concert_site.report_alive"


@before_task_publish.connect(sender=REPORT)
def beat_lives(**kwargs):
    """Only beat sends the report."""
    cache.set("alive:beat", time.time(), None)


@shared_task(name=REPORT)
def worker_lives(**kwargs):
    cache.set("alive:worker", time.time(), None)


def silent() -> dict:
    """{process: seconds since its last report, None if it never reported} of those that should have reported."""
    reports = cache.get_many([f"alive:{name}" for name in PROCESSES])
    ages = {name: _age(reports.get(f"alive:{name}")) for name in PROCESSES}
    return {name: age for name, age in ages.items() if age is None or age > settings.SILENT_AFTER_SECONDS}


def _age(reported_at):
    return None if reported_at is None else round(time.time() - reported_at)
