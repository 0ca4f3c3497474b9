from celery import shared_task

from events.relay import relay


@shared_task(name="events.relay")
def relay_events(**kwargs):
    relay()


@shared_task(name="events.sync_outbound")
def sync_outbound(**kwargs):
    relay(external=True, limit=10)
