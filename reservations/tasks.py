from celery import shared_task

from events.context import acting
from reservations import confirmation, holding, ranking


@shared_task(name="reservations.expire_holds")
def expire_holds(**kwargs):
    with acting(actor="system:expire_holds"):
        holding.expire_holds()


@shared_task(name="reservations.chase")
def chase(**kwargs):
    with acting(actor="system:chase"):
        confirmation.chase()


@shared_task(name="reservations.rebuild_ranking")
def rebuild_ranking(**kwargs):
    ranking.rebuild()
