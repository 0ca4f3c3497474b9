from datetime import timedelta
from uuid import uuid4

import pytest

from api.seals import Seal
from queueing import passes
from queueing.tests.world import START, at

ALICE, CONCERT = uuid4(), uuid4()


@pytest.fixture
def token():
    return passes.issue(account_id=ALICE, concert_id=CONCERT, number=7, active_until=at(600))


class TestAPass:
    def test_says_whose_place_it_is_and_until_when(self, token):
        read = passes.read(token)
        assert (read.account_id, read.concert_id, read.number, read.active_until) == (ALICE, CONCERT, 7, at(600))
        assert read.place == f"{CONCERT}:7"

    def test_is_the_same_however_often_it_is_asked_for(self, token):
        assert passes.issue(account_id=ALICE, concert_id=CONCERT, number=7, active_until=at(600)) == token

    def test_fits_a_header(self, token):
        assert token.isascii() and token.isprintable() and " " not in token and len(token) < 200

    def test_is_active_until_its_time(self, token):
        assert passes.read(token).is_active(now=at(599))
        assert not passes.read(token).is_active(now=at(600))

    def test_of_one_who_waits_is_never_active(self):
        waits = passes.read(passes.issue(account_id=ALICE, concert_id=CONCERT, number=7))
        assert waits.active_until is None
        assert not waits.is_active(now=START - timedelta(days=1))

    def test_is_for_one_account_and_one_concert(self, token):
        read = passes.read(token)
        assert read.is_for(account_id=ALICE, concert_id=CONCERT)
        assert not read.is_for(account_id=uuid4(), concert_id=CONCERT)
        assert not read.is_for(account_id=ALICE, concert_id=uuid4())


class TestAMadeUpPass:
    @pytest.mark.parametrize("position", [0, 10, -1])
    def test_with_one_other_letter_is_invalid(self, token, position):
        other = "A" if token[position] != "A" else "Q"
        changed = token[:position] + other + token[position:][1:]
        with pytest.raises(passes.InvalidPass):
            passes.read(changed)

    @pytest.mark.parametrize("token", ["", "x", "a:b", "a:b:c", "é:ü", None, b"bytes", ":" * 50, "\x00", "🎫:🎫"])
    def test_of_any_shape_is_invalid(self, token):
        with pytest.raises(passes.InvalidPass):
            passes.read(token)

    @pytest.mark.parametrize("content", [b"", b"x", bytes(60), bytes(61), b"\x02" + bytes(60), bytes(62)])
    def test_signed_by_us_but_no_pass_is_invalid(self, content):
        with pytest.raises(passes.InvalidPass):
            passes.read(passes.SEAL.put_on(content))

    def test_signed_for_something_else_is_invalid(self, token):
        content = passes.SEAL.take_off(token)
        with pytest.raises(passes.InvalidPass):
            passes.read(Seal("something else").put_on(content))
