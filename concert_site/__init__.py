# Importing the Celery app here makes @shared_task talk to our broker, whichever process imports first.
from concert_site.celery import app as celery_app

__all__ = ["celery_app"]
