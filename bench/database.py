"""A PostgreSQL of the benchmark's own with fsync, or the empty database at DATABASE_URL; and statements to it."""

import os
import shutil
import sys
import time
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path

SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "concert_site.settings",
    "RATE_LIMITS": "off",
    "DEMO": "off",
    "LOG_LEVEL": "ERROR",
    "EMAIL_URL": "dummymail://",
    "ALLOWED_HOSTS": "testserver",
}


@contextmanager
def database():
    """Django set up on migrated servers."""
    from local_stack.environment import environment
    from local_stack.servers import Servers, temporary_directory

    directory = Path(temporary_directory())
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        given = os.environ.get("DATABASE_URL", "")
        servers = stack.enter_context(Servers(directory, user="a benchmark", database_url=given))
        os.environ.update(environment(servers) | SETTINGS)
        import django

        django.setup()
        from local_stack.prepare import migrate

        with redirect_stdout(sys.stderr):
            migrate()
        yield


def execute(sql, **arguments):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.fetchall() if cursor.description else []


def timed(action) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
