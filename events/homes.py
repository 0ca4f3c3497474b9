"""Which database a noun lives in, and transactions there."""

from django.apps import apps
from django.conf import settings
from django.db import models, router, transaction


def home(noun) -> str:
    """The database alias that a model, one of its rows, or an app (by its label) lives in."""
    if isinstance(noun, str):
        noun = next(apps.get_app_config(noun).get_models())
    return router.db_for_write(type(noun) if isinstance(noun, models.Model) else noun)


def own_databases() -> list[str]:
    """The aliases that this deployment's domains live in. It may be able to read others as well."""
    return list(dict.fromkeys(home(domain) for domain in settings.DOMAINS))


def atomic(noun):
    """A transaction on the noun's own database, never on `default` by accident."""
    return transaction.atomic(using=home(noun))
