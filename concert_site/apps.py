from django.apps import AppConfig
from django.conf import settings

from events import spans


class ConcertSiteConfig(AppConfig):
    name = "concert_site"

    def ready(self):
        if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            spans.start()
