import base64

import pytest

from api.seals import Seal

SEAL = Seal("test")


@pytest.fixture
def word():
    return SEAL.put_on(b"four")


class TestASeal:
    def test_lets_nobody_change_the_content(self, word):
        assert SEAL.take_off(word) == b"four"
        for at in range(4):
            signed = bytearray(base64.urlsafe_b64decode(word))
            signed[at] ^= 1
            assert SEAL.take_off(base64.urlsafe_b64encode(signed).decode()) is None

    def test_is_the_same_for_the_same_content(self, word):
        assert SEAL.put_on(b"four") == word != SEAL.put_on(b"five")

    def test_fits_a_header_and_a_cookie(self):
        assert set(SEAL.put_on(bytes(range(61)))) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        )

    def test_of_another_salt_is_not_ours(self, word):
        assert Seal("other").take_off(word) is None

    @pytest.mark.parametrize("word", ["", "x", "é", "\x00", None, b"bytes", 7, "A" * 44, "A" * 100_000, "🎫"])
    def test_is_not_found_on_whatever_else_a_stranger_sends(self, word):
        assert SEAL.take_off(word) is None

    def test_stays_good_while_a_new_secret_comes_in(self, word, settings):
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new secret", [settings.SECRET_KEY]
        assert SEAL.take_off(word) == b"four"
        settings.SECRET_KEY_FALLBACKS = []
        assert SEAL.take_off(word) is None
