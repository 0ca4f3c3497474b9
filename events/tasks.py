from celery import shared_task

from events import bus, forwarding, pruning
from events.models import IdempotentRequest
from events.relay import relay


@shared_task(name="events.relay")
def relay_events(**kwargs):
    relay()


@shared_task(name="events.sync_outbound")
def sync_outbound(**kwargs):
    relay(external=True, limit=10)


@shared_task(name="events.forward")
def forward(**kwargs):
    for using in bus.own_databases():
        forwarding.forward(using=using)


@shared_task(name="events.prune")
def prune(**kwargs):
    for using in bus.own_databases():
        IdempotentRequest.prune(using=using)
        for _name, _gone in pruning.prune(using=using):
            pass
