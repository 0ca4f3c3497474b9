from celery import shared_task

from queueing import ticks


@shared_task(name="queueing.tick_rooms", ignore_result=True)
def tick_rooms():
    """Every second."""
    ticks.tick_rooms()
