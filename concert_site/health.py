"""For load balancers and monitoring."""

import structlog
from django.conf import settings
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse
from django_redis import get_redis_connection
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError

from concert_site import alive
from concert_site.metrics import registry
from events.homes import own_databases
from reservations.models import Performance

logger = structlog.get_logger(__name__)
_migrated = set()  # aliases once found migrated: migrations are never taken back under a running process


def healthz(request):
    """The process lives."""
    return JsonResponse({"status": "ok"})


def readyz(request):
    """200 when this service can sell: databases migrated, Redis there, demo data loaded, beat and worker alive."""
    troubles = {}
    for name, check in {
        "databases": _databases,
        "redis": _redis,
        "demo data": _demo_data,
        "processes": _processes,
    }.items():
        try:
            trouble = check()
        except (DatabaseError, RedisError) as error:
            trouble = type(error).__name__
            logger.warning("not_ready", check=name, exc_info=True)
        if trouble:
            troubles[name] = trouble
    return JsonResponse(
        {"status": "not ready" if troubles else "ready", "troubles": troubles}, status=503 if troubles else 200
    )


def metrics(request):
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _databases():
    mine = set(own_databases())
    for alias in mine - _migrated:
        executor = MigrationExecutor(connections[alias])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return f"{alias} is not migrated"
        _migrated.add(alias)
    for alias in mine:
        connections[alias].ensure_connection()
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    return None


def _redis():
    get_redis_connection("default").ping()


def _demo_data():
    sells = settings.DEMO and "reservations" in settings.DOMAINS
    return "not loaded" if sells and not Performance.objects.exists() else None


def _processes():
    return {name: f"silent for {age} s" if age else "never reported" for name, age in alive.silent().items()}
