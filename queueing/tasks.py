from celery import shared_task

from queueing import ticks
from queueing.models import RoomMinute, ShopLoad


@shared_task(name="queueing.tick_rooms", ignore_result=True)
def tick_rooms():
    """Every second."""
    ticks.tick_rooms()


@shared_task(name="queueing.prune", ignore_result=True)
def prune():
    """Measurements that nobody asks for any more."""
    ShopLoad.objects.prune()
    RoomMinute.objects.prune()
