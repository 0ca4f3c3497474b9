from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate

from concert_site import roles
from events import spans


class ConcertSiteConfig(AppConfig):
    name = "concert_site"

    def ready(self):
        post_migrate.connect(roles.make, dispatch_uid="roles")
        if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            spans.start()
