"""What a page of the console asks the databases, whatever there is in them: a few questions, and never one per row."""

from contextlib import ExitStack

import pytest
from django.contrib import admin
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, reverse

from concert_site.models import Reconciliation
from events import approvals
from events.admin.domains import domains
from events.aggregate import revisions
from reservations import levers
from reservations.handles import HANDLES
from reservations.models import Reservation
from tests.everything import settle
from tests.test_console import rows_of

MOST = 15
MOST_OF_A_STORY = 30  # a reservation out of every table that knows of it, however much each of them tells
NO_PAGES = [
    "logout", "jsi18n", "autocomplete", "view_on_site", "login", "app_list", "events_delivery_retry_many",
    "events_delivery_discard_many", "dead_letter_group", "dead_letter_group_lever", "reconciliation_ask",
]  # fmt: skip
COMMON = ("_add", "_delete", "_history", "_password_change")  # of Django's own
EXAMPLES = {  # what else stands in the address, by the beginning of the page's name
    "reconciliation_round": lambda world: {"pk": Reconciliation.objects.first().pk},
    "sales_of_performance": lambda world: {"pk": world.performance.pk},
    "sales_of_concert": lambda world: {"pk": world.concert.pk},
    "queueing_room_lever": lambda world: {"object_id": world.room.pk, "verb": "pause"},
}


@pytest.fixture
def sold_out(world, dead):
    """So many rows of everything that a question for each would be too many."""
    for fan, first in [(world.alice, 1), (world.bob, 4), (world.charlie, 8)]:
        for seat in world.seats[first : 4 * (first // 4 + 1)]:
            world.bought_by(fan, seat)
    settle()
    Reconciliation.ask(by="kim")
    why, bought = {"operator": "Olga", "reason": "a test"}, list(Reservation.objects.all())
    for reservation in bought[:5]:
        levers.note(reservation, seen=reservation.revision, **why)
    for reservation in bought:
        approvals.ask(HANDLES["note"], [reservation], seen=revisions([reservation]), **why)
    return world


def most_of(name) -> int:
    """With a database per domain, what is everywhere is asked for everywhere."""
    most = MOST_OF_A_STORY if name.startswith("reservations_reservation_") else MOST
    return most + 5 * len(domains()) if len(domains()) > 1 else most


def pages():
    """(name, what stands in its address) of every page of the console, those that a new view brings, too."""
    for pattern in flat(admin.site.urls[0]):
        if pattern.name and pattern.name not in NO_PAGES and not pattern.name.endswith(COMMON):
            yield pattern.name, pattern.pattern.converters


def address_of(name, wanted, world):
    """None when there is no row that it could be of."""
    example = next((make for begin, make in EXAMPLES.items() if name.startswith(begin)), None)
    if example:
        return reverse(f"admin:{name}", kwargs=example(world))
    if not wanted:
        return reverse(f"admin:{name}")
    assert list(wanted) == ["object_id"], f"EXAMPLES has nothing for {name}."
    rows = rows_of(model_of(name))
    return reverse(f"admin:{name}", args=[rows[0][1].pk], query=rows[0][0]) if rows else None


def model_of(name):
    models = admin.site._registry
    return next(each for each in models if name.startswith(f"{each._meta.app_label}_{each._meta.model_name}_"))


def flat(patterns):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern
        else:
            yield from flat(pattern.url_patterns)


class Counting:
    """The queries that all databases are asked until the end of the block."""

    def __enter__(self):
        self.stack = ExitStack()
        self.captures = [self.stack.enter_context(CaptureQueriesContext(each)) for each in connections.all()]
        return self

    def __exit__(self, *error):
        self.stack.close()

    @property
    def queries(self):
        return [query["sql"] for capture in self.captures for query in capture.captured_queries]


class TestAPageOfTheConsole:
    def test_asks_few_questions_whatever_it_shows(self, boss, sold_out):
        asked, left_out = {}, []
        for name, wanted in pages():
            if address := address_of(name, wanted, sold_out):
                with Counting() as counting:
                    assert boss.client.get(address).status_code in (200, 302), address
                asked[name] = counting.queries
            else:
                left_out.append(name)
        assert left_out == []
        assert {name: queries for name, queries in asked.items() if len(queries) > most_of(name)} == {}
