import threading
import time

import structlog
from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections

from concert_site import alive
from events.management.commands.receive_events import receive_until
from events.management.commands.relay import told_by_signals

logger = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = (
        "Everything that Celery's beat and worker do for this deployment's domains, and what comes from the broker,"
        " in one process and without Celery. Any number may run."
    )

    def handle(self, **options):
        current_app.loader.import_default_modules()
        stopping = threading.Event()
        threads = [threading.Thread(target=repeat, args=[stopping, *entry]) for entry in timetable()]
        if settings.BROKER_URL:
            threads.append(threading.Thread(target=receive_until, args=[stopping]))
        with told_by_signals(stopping):
            for thread in threads:
                thread.start()
            stopping.wait()
        for thread in threads:
            thread.join()


def timetable():
    """(task, seconds between two runs)"""
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        yield current_app.tasks[entry["task"]], entry["schedule"].run_every.total_seconds()


def repeat(stopping, task, seconds):
    """Until told to stop. What raises is logged, and tried again when its time comes."""
    while not stopping.is_set():
        began = time.monotonic()
        close_old_connections()
        try:
            task()
            alive.beat_lives()
        except Exception:
            logger.exception("task_failed", task=task.name)
        stopping.wait(max(0, began + seconds - time.monotonic()))
