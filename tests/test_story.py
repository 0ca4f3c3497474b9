"""A reservation's story on its page: how it stands, what happened, what each message became."""

from contextlib import ExitStack

from django.db import connections
from django.test.utils import CaptureQueriesContext

from concert_site.asking import ask
from concert_site.timeline import Story
from concert_site.timeline.words import ACTIONS
from events import bus
from events.consumers import consumer
from events.models import Delivery, Event
from payments.models import Payment
from reservations.handles import HANDLES
from reservations.models import Claim, Reservation, SyncAttempt
from tests.operators import RESERVATIONS, Operator, page_of

MOST_STATEMENTS = 15


def statements_of(see) -> int:
    """How many statements all databases were asked."""
    with ExitStack() as stack:
        contexts = [stack.enter_context(CaptureQueriesContext(connections[alias])) for alias in connections]
        see()
    return sum(len(context) for context in contexts)


def call_again(reservation, *, times):
    """The data platform was tried so often and never took it."""
    event = Event.objects.using(RESERVATIONS).get(type="ReservationConfirmed", correlation_id=reservation.pk)
    SyncAttempt.objects.bulk_create(
        SyncAttempt(reservation_id=reservation.pk, event_id=event.pk, outcome="failure", duration_ms=1, http_status=503)
        for _n in range(times)
    )


class TestAsking:
    def test_gives_the_rows_that_the_questions_would(self, bought):
        questions = [Payment.objects.all(), Claim.objects.all(), Delivery.objects.using(RESERVATIONS).order_by("id")]
        answers = ask(questions)
        for question in questions:
            rows = list(question)
            assert answers[question.model] == rows
            assert [vars_of(row) for row in answers[question.model]] == [vars_of(row) for row in rows]

    def test_asks_each_database_once(self, bought):
        questions = [Claim.objects.all(), Reservation.objects.all(), Claim.objects.filter(pk__in=[])]
        assert statements_of(lambda: ask(questions)) == 1


def vars_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


class TestTheReservationPage:
    def test_asks_few_statements_however_many_attempts_there_were(self, bought):
        kim = Operator.who_may("view_reservation")
        call_again(bought, times=40)
        kim.see(page_of(bought))  # Django looks up the model's content type once
        once_each = len(bus.databases()) - 1  # of the domains that have one of their own
        assert statements_of(lambda: kim.see(page_of(bought))) <= MOST_STATEMENTS + once_each
        assert kim.see(page_of(bought)).count("The data platform did not take") >= 40

    def test_says_that_there_is_nothing_to_do(self, boss, bought):
        page = boss.see(page_of(bought))
        assert "In order" in page and "Messages about it are still on their way" in page  # to the data platform

    def test_says_which_seats_are_not_its_own(self, boss, bought):
        Claim.objects.update(ended_at=bought.created_at)
        page = boss.see(page_of(bought))
        assert "Needs you" in page and "should belong to it and do not: Floor A 1" in page

    def test_says_that_payment_and_ledger_disagree(self, boss, bought):
        Payment.objects.update(status="VOID")
        page = boss.see(page_of(bought))
        assert "Needs you" in page and "disagree" in page

    def test_draws_messages_from_lane_to_lane_and_tells_the_same_as_a_table(self, boss, bought):
        page = boss.see(page_of(bought))
        row = page[: page.index("Payments received")].rpartition('<li class="story-row')[2]
        assert 'class="story-arrow from-2 to-3 is-right"' in row and "Box office → Payments" in page
        assert page.count('<li class="story-row') == page.count("<td><time")

    def test_writes_out_how_long_nothing_happened(self, boss, bought):
        with connections[RESERVATIONS].cursor() as cursor:
            cursor.execute("UPDATE events_transition SET at = at - interval '75 s' WHERE to_status = 'HELD'")
        assert "1 min 15 s later" in boss.see(page_of(bought))

    def test_gives_the_trace_id_to_look_for_in_the_logs(self, boss, bought):
        event = next(iter(Story.of(bought).events.values()))
        assert f'data-copy="{event.traceparent.split("-")[1]}"' in boss.see(page_of(bought))

    def test_leads_to_the_dead_letter(self, boss, bought, dead):
        page = boss.see(page_of(bought))
        assert f"/admin/events/delivery/{dead.pk}/change/" in page and "Repair it" in page

    def test_says_that_what_it_waits_for_is_paused(self, boss, world, settings):
        consumer("payments").pause(operator="Olga", reason="a test")
        paying = world.held_by(world.alice)
        paying.submit()
        page = boss.see(page_of(paying))
        assert "Messages wait: delivery to Payments is paused." in page


class TestTheWordsOfTheStory:
    def test_name_each_lever(self):
        assert {f"reservation.{verb}" for verb in HANDLES} <= ACTIONS.keys()
