from celery import shared_task
from django.db.models.functions import Now

from accounts.models import ApiToken, Revocation


@shared_task(name="accounts.forget_ended_tokens")
def forget_ended_tokens(**kwargs):
    for kind in (ApiToken, Revocation):
        kind.objects.filter(expires_at__lte=Now()).delete()
