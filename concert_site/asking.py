"""Many small questions at once: one statement for each database, however many tables it is asked about."""

import json
from collections import defaultdict

from django.core.exceptions import EmptyResultSet
from django.db import connections

from concert_site.routers import Elsewhere

ROWS = "(SELECT coalesce(json_agg(q), '[]')::text FROM ({}) q)"


def ask(questions) -> dict:
    """{model: rows} of querysets, those of the same model put together, in the order in which they were asked.

    Plain querysets: no select_related, no annotations that are needed afterwards. Nothing comes of a domain in another
    deployment whose database this one was not given.
    """
    answers = defaultdict(list)
    for using, asked in _by_database(questions).items():
        for queryset, rows in zip(asked, _answered(asked, using), strict=True):
            answers[queryset.model] += [_row(queryset.model, using, values) for values in rows]
    return answers


def can_ask(model) -> bool:
    """Whether this deployment can look into the database that the model lives in."""
    try:
        return bool(model._default_manager.all().db)
    except Elsewhere:
        return False


def _by_database(questions):
    asked = defaultdict(list)
    for queryset in questions:
        try:
            asked[queryset.db].append(queryset)
        except Elsewhere:
            continue
    return asked


def _answered(querysets, using):
    parts = [_compiled(queryset, using) for queryset in querysets]
    statement = "SELECT " + ", ".join(ROWS.format(sql) for sql, _ in parts)
    with connections[using].cursor() as cursor:
        cursor.execute(statement, [value for _, values in parts for value in values])
        return [json.loads(text) for text in cursor.fetchone()]


def _compiled(queryset, using):
    try:
        return queryset.query.get_compiler(using).as_sql()
    except EmptyResultSet:
        return "SELECT 1 WHERE false", ()


def _row(model, using, values):
    fields = model._meta.concrete_fields
    return model.from_db(using, [f.attname for f in fields], [f.to_python(values[f.column]) for f in fields])
