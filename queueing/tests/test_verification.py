from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from queueing import draw
from queueing.models import Admission
from queueing.tests.world import START, at, crowd, make_room, tick

pytestmark = pytest.mark.django_db(databases="__all__")
SEED = "0123456789abcdef" * 4


class Terminal(StringIO):
    def isatty(self):
        return True


def verify(room, *words, out=None):
    out = out or StringIO()
    call_command("queue", "verify", *map(str, [room.concert_id, *words]), stdout=out, no_color=True)
    return out.getvalue()


@pytest.fixture
def drawn():
    return make_room(seed=SEED, draw_first=10, draw_last=20, max_active=2)


def let_in(room, *numbers, by="tick"):
    """One second after the other."""
    for second, number in enumerate(numbers):
        Admission.objects.create(
            room=room, number=number, account_id=uuid4(), at=at(second), active_after=1, limit_then=9, by=by
        )


class TestVerifying:
    def test_shows_what_was_published(self, drawn):
        said = verify(drawn)
        assert draw.commitment(SEED) in said and SEED in said and "11 to 20" in said
        assert "The commitment matches the seed." in said
        assert "All 10 tickets have different numbers" in said

    def test_finds_fans_who_came_in_by_number(self, drawn):
        crowd(drawn, 5)
        tick(drawn)
        assert "2 admissions by tick are in the order of their numbers" in verify(drawn)

    def test_keeps_the_seed_secret_before_the_draw(self):
        room = make_room(seed=SEED)
        said = verify(room)
        assert SEED not in said and "secret" in said and draw.commitment(SEED) in said

    def test_has_nothing_to_compute_where_nobody_came(self):
        assert "nobody came" in verify(make_room(seed=SEED, draw_first=7, draw_last=7))

    def test_says_what_it_has_not_computed(self):
        assert "Not computed" in verify(make_room(seed=SEED, draw_first=0, draw_last=1_000_001))

    def test_shows_a_terminal_how_far_it_is(self):
        room = make_room(seed=SEED, draw_first=0, draw_last=25_000)
        said = verify(room, out=Terminal())
        assert "40%\r" in said and "100%\n" in said and "All 25,000 tickets" in said
        assert "%" not in verify(room)


class TestATicketsNumber:
    def test_is_computed(self, drawn):
        number = draw.number_of(12, seed=SEED, first=10, last=20)
        assert f"Ticket 12 has the number {number}." in verify(drawn, "--ticket", 12)
        assert f"Number {number} was drawn by the ticket 12." in verify(drawn, "--number", number)

    @pytest.mark.parametrize("words", [["--ticket", 10], ["--ticket", 21], ["--number", 0], ["--ticket", -1]])
    def test_is_refused_outside_the_range(self, drawn, words):
        with pytest.raises(CommandError, match="give one from 11 to 20"):
            verify(drawn, *words)

    def test_is_not_known_before_the_draw(self):
        with pytest.raises(CommandError, match="Nothing is drawn yet"):
            verify(make_room(), "--ticket", 1)


class TestWhatIsWrong:
    def test_is_a_fan_let_in_before_a_lower_number(self, drawn):
        let_in(drawn, 1, 3, 2, 4)
        with pytest.raises(CommandError, match="Number 3 was let in before a lower one"):
            verify(drawn)

    def test_is_listed_up_to_ten(self, drawn):
        let_in(drawn, *range(30, 0, -1))
        with pytest.raises(CommandError) as refusal:
            verify(drawn)
        assert str(refusal.value).count("was let in") == 10 and "… and more." in str(refusal.value)

    def test_is_not_what_an_operator_did_by_hand(self, drawn):
        let_in(drawn, 1, 2)
        Admission.objects.create(
            room=drawn, number=9, account_id=uuid4(), at=START - timedelta(1), active_after=1, limit_then=9, by="Olga"
        )
        assert "2 admissions by tick" in verify(drawn)

    def test_is_not_what_happened_in_another_room(self, drawn):
        let_in(make_room(), 5, 4)
        verify(drawn)

    def test_is_another_commitment_than_somebody_noted(self, drawn):
        verify(drawn, "--commitment", draw.commitment(SEED).upper())
        with pytest.raises(CommandError, match="not the one that was noted"):
            verify(drawn, "--commitment", draw.commitment("another"))

    def test_is_a_room_that_does_not_exist(self):
        with pytest.raises(CommandError, match="no such room"):
            call_command("queue", "verify", str(uuid4()), stdout=StringIO())
