"""The Celery app: the clock and the nudge. The timetable stands in settings.CELERY_BEAT_SCHEDULE."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "concert_site.settings")

app = Celery("concert_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["concert_site"], related_name="alive")
