"""One database, or one for each domain: the same tests, and they are what they say."""

import os

import pytest
from django.conf import settings
from django.db import connections, transaction

from concert_site.routers import HomelessModel, home_of
from events import bus
from events.messages import PointsCharged
from events.models import Event
from payments.models import PointAccount
from reservations.models import Reservation


def databases():
    def name(alias):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_database()")
            return cursor.fetchone()[0]

    return {domain: name(home_of(domain)) for domain in settings.DOMAINS}


@pytest.mark.django_db(databases="__all__")
class TestTheDomains:
    def test_have_really_different_databases_in_this_set_up_or_really_one(self):
        per_domain = os.environ.get("DATABASE_PER_DOMAIN") in ("1", "on", "true")

        assert len(set(databases().values())) == (len(settings.DOMAINS) if per_domain else 1)

    def test_find_the_ledger_only_in_a_database_that_is_named(self):
        with pytest.raises(HomelessModel):
            Event.objects.count()
        assert all(Event.objects.using(alias).count() == 0 for alias in settings.DATABASES)


class TestPublishing:
    @pytest.mark.django_db(databases="__all__")
    def test_in_the_transaction_of_a_test_case_alone_is_refused(self):
        self.assert_refused()

    def test_outside_a_transaction_is_refused(self, world):
        self.assert_refused()

    def test_in_a_transaction_on_another_database_is_refused(self, world):
        if home_of("payments") == home_of("reservations"):
            pytest.skip("needs a database per domain")
        with transaction.atomic(using=bus.home(Reservation)):
            self.assert_refused()

    def assert_refused(self):
        account = PointAccount()
        with pytest.raises(bus.NotInTransaction):
            bus.publish(PointsCharged(charge_id=account.id, user_id=account.id, amount=1), by=account)
