from celery import shared_task

from events.context import acting
from payments.models import Charge


@shared_task(name="payments.settle_charges")
def settle_charges(**kwargs):
    """Ask the gateway again for what it has not answered."""
    with acting(actor="system:settle_charges"):
        Charge.objects.unsettled().settle()
