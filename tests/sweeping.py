"""An empty database for the next test, some fifty times as fast as truncating every table."""

import functools

from django.db import connections, transaction

# What migrating has made: the same for all tests.
KEPT = {"django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


def sweep(databases):
    """Delete every row; foreign keys are looked at when all are gone."""
    for alias in databases:
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute("".join(f"{_emptying(table)};" for table in _tables(alias)))


def _emptying(table):
    """A trigger refuses to delete from what is only ever added to."""
    return f'TRUNCATE "{table}"' if table == "events_operatoraction" else f'DELETE FROM "{table}"'  # noqa: S608


@functools.cache
def _tables(alias):
    found = connections[alias].introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(found) - KEPT)
