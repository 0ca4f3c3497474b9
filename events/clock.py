"""The database's clock: the only one that all processes share."""

from django.db import connections


def database_now(using):
    """The time of day by that database, aware, also inside a transaction."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
