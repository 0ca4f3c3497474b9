from datetime import timedelta

import pytest
from django.db import connections
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts import authentication, revocations
from accounts.models import ApiToken, Revocation, User
from accounts.models.api_token import digest_of
from accounts.revocations import Revocations
from accounts.tasks import forget_ended_tokens
from events import bus

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def alice():
    return User.objects.create_user("alice@example.com", None, name="Alice")


@pytest.fixture
def signed_in(alice):
    """(row, token)"""
    return ApiToken.issue(user=alice, now=now())


def vouched(row, by=None):
    """By a process that has just asked the database."""
    return (by or Revocations()).vouch(digest=row.digest, expires_at=row.expires_at)


def account_at_once(token):
    return authentication.account_at_once(RequestFactory().get("/", headers={"Authorization": f"Bearer {token}"}))


class TestAProcess:
    def test_vouches_for_a_token_without_asking_for_it(self, signed_in):
        process = Revocations()
        assert vouched(signed_in[0], by=process)
        assert min(self.queries_of(process, signed_in[0]) for _ in range(10)) == 0  # it asks once in a while

    def queries_of(self, process, row):
        with CaptureQueriesContext(connections[bus.home(ApiToken)]) as queries:
            assert vouched(row, by=process)
        return len(queries)

    @pytest.mark.parametrize(
        "end",
        [
            lambda row: row.delete(),
            lambda row: row.user.delete(),
            lambda row: ApiToken.objects.all().delete(),
            lambda row: User.objects.all().delete(),
            lambda row: User.objects.update(is_active=False),
            lambda row: ApiToken.objects.update(expires_at=now()),
        ],
        ids=[
            "deleting it",
            "deleting the user",
            "deleting all",
            "deleting users",
            "stopping the user",
            "shortening it",
        ],
    )
    def test_does_not_vouch_for_one_that_was_ended_by(self, signed_in, end):
        row = ApiToken.objects.get()
        end(row)
        assert not vouched(signed_in[0])

    def test_hears_of_what_ended_after_it_asked_first(self, signed_in):
        process = Revocations()
        assert vouched(signed_in[0], by=process)
        ApiToken.objects.all().delete()
        process.is_due()
        assert not vouched(signed_in[0], by=process)

    def test_hears_of_what_was_committed_late(self, signed_in):
        process = Revocations()
        assert vouched(signed_in[0], by=process)
        ApiToken.objects.all().delete()
        Revocation.objects.update(at=now() - timedelta(seconds=50))
        process.is_due()
        assert not vouched(signed_in[0], by=process)

    def test_goes_on_vouching_for_other_devices(self, alice, signed_in):
        other, _ = ApiToken.issue(user=alice, now=now())
        revocations.sign_out(signed_in[0])
        assert vouched(other) and not vouched(signed_in[0])

    def test_does_not_vouch_for_what_is_over_or_nearly(self, alice):
        for left in [timedelta(seconds=-1), timedelta(seconds=3)]:
            row = ApiToken(user=alice, digest=digest_of("any"), expires_at=now() + left)
            assert not vouched(row)


class TestAnAccountAtOnce:
    def test_is_the_one_that_the_token_names(self, signed_in, alice):
        assert account_at_once(signed_in[1]) == alice.pk

    def test_is_nobody_after_signing_out(self, signed_in):
        assert account_at_once(signed_in[1])
        revocations.sign_out(signed_in[0])
        assert account_at_once(signed_in[1]) is None

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer made-up", "bearer"])
    def test_is_nobody_with_anything_else(self, header):
        request = RequestFactory().get("/", headers={"Authorization": header})
        assert authentication.account_at_once(request) is None


class TestTheDatabase:
    def test_keeps_no_revocation_of_what_was_over_anyway(self, signed_in):
        ApiToken.objects.update(expires_at=now() - timedelta(seconds=1))
        Revocation.objects.all().delete()
        ApiToken.objects.all().delete()
        assert not Revocation.objects.exists()

    def test_forgets_what_is_over_and_nothing_else(self, alice, signed_in):
        gone, _ = ApiToken.issue(user=alice, now=now())
        gone.delete()
        ApiToken.issue(user=alice, now=now() - timedelta(days=31))
        Revocation.objects.create(digest="over", expires_at=now())
        forget_ended_tokens()
        assert ApiToken.objects.get() == signed_in[0]
        assert Revocation.objects.get().digest == gone.digest

    def test_lets_an_account_that_works_again_be_asked_for(self, signed_in):
        User.objects.update(is_active=False)
        User.objects.update(is_active=True)
        assert ApiToken.find(signed_in[1]).pk == signed_in[0].pk
