from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QueueingConfig(AppConfig):
    name = "queueing"
    verbose_name = _("Waiting room")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from queueing import handlers  # noqa: F401  registers what we listen to
