import base64
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from accounts import tokens

END = datetime(2030, 5, 1, tzinfo=UTC)


@pytest.fixture
def account_id():
    return uuid4()


@pytest.fixture
def token(account_id):
    return tokens.issue(account_id=account_id, expires_at=END)


class TestAToken:
    def test_says_whose_it_is_and_until_when(self, token, account_id):
        assert tokens.read(token) == (account_id, END)

    def test_is_another_one_each_time(self, token, account_id):
        assert tokens.issue(account_id=account_id, expires_at=END) != token

    def test_is_not_ours_with_any_byte_changed(self, token):
        signed = base64.urlsafe_b64decode(token)
        for at in range(len(signed)):
            changed = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
            assert tokens.read(base64.urlsafe_b64encode(changed).decode()) is None

    def test_is_not_ours_in_another_spelling(self, token):
        for spelling in [f"{token[:5]}!{token[5:]}", f"{token}=", f"{token}====", f" {token}", f"{token}\n", token * 2]:
            assert tokens.read(spelling) is None

    @pytest.mark.parametrize("nonsense", ["", "x", "é", "\x00", "A" * 96, "A" * 100_000, "....", "a.b.c"])
    def test_is_not_ours_when_it_is_nonsense(self, nonsense):
        assert tokens.read(nonsense) is None

    def test_is_not_ours_when_signed_with_another_secret(self, token, settings):
        settings.SECRET_KEY = "somebody else's"
        assert tokens.read(token) is None

    def test_holds_not_longer_than_its_row(self, account_id):
        end = END + timedelta(milliseconds=900)
        assert tokens.read(tokens.issue(account_id=account_id, expires_at=end)).expires_at <= end
