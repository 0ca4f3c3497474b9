import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queueing import draw

SEED = "0123456789abcdef" * 4
SEEDS = [hashlib.sha256(str(each).encode()).hexdigest() for each in range(2000)]


def numbers(seed, first, last) -> list[int]:
    """Of all tickets, in the order of arrival."""
    return [draw.number_of(ticket, seed=seed, first=first, last=last) for ticket in range(first + 1, last + 1)]


@st.composite
def tickets(draw_one):
    """(ticket, draw) for any draw up to a billion."""
    first, size = draw_one(st.integers(0, 2**40)), draw_one(st.integers(1, 10**9))
    seed = draw_one(st.binary(min_size=32, max_size=32)).hex()
    return draw_one(st.integers(first + 1, first + size)), {"seed": seed, "first": first, "last": first + size}


def unevenness(counts, expected) -> float:
    """Chi-square."""
    return sum((count - expected) ** 2 / expected for count in counts)


class TestTheDraw:
    @pytest.mark.parametrize("size", [*range(1, 201), 1000])
    def test_gives_each_ticket_a_number_of_its_own_from_the_same_range(self, size):
        assert sorted(numbers(SEED, 40, 40 + size)) == list(range(41, 41 + size))

    @pytest.mark.parametrize("size", [*range(1, 201), 1000])
    def test_can_be_read_backwards(self, size):
        told = {"seed": SEEDS[size], "first": 40, "last": 40 + size}
        found = [draw.ticket_of(number, **told) for number in numbers(**told)]
        assert found == list(range(41, 41 + size))

    @given(tickets())
    def test_of_any_size_stays_in_its_range_and_can_be_read_backwards(self, one):
        ticket, told = one
        number = draw.number_of(ticket, **told)
        assert told["first"] < number <= told["last"]
        assert draw.ticket_of(number, **told) == ticket

    def test_depends_on_where_the_range_begins_only_by_the_shift(self):
        assert numbers(SEED, 700, 750) == [number + 700 for number in numbers(SEED, 0, 50)]


class TestTheAlgorithm:
    """Vectors made by another implementation. Fans compute with what was published: these never change."""

    @pytest.mark.parametrize(
        ("first", "last", "expected"),
        [
            (0, 1, {1: 1}),
            (0, 10, dict(zip(range(1, 11), [3, 6, 5, 10, 2, 8, 4, 9, 7, 1], strict=True))),
            (1000, 1005, {1001: 1003, 1002: 1004, 1003: 1005, 1004: 1001, 1005: 1002}),
            (0, 1_000_000, {1: 642474, 2: 685374, 3: 346393, 500_000: 279824, 1_000_000: 844584}),
            (7, 250_007, {8: 200007, 250_007: 35465}),
            (0, 2**40, {1: 729511045426, 2**40: 661809705566}),
        ],
    )
    def test_is_the_published_one(self, first, last, expected):
        assert {each: draw.number_of(each, seed=SEED, first=first, last=last) for each in expected} == expected

    def test_commits_to_the_sha_256_of_the_seeds_letters(self):
        assert draw.commitment(SEED) == "a8ae6e6ee929abea3afcfc5258c8ccd6f85273e0d4626d26c7279f3250f77c8e"


class TestANewSeed:
    def test_is_64_hex_digits_and_never_the_same(self):
        seeds = {draw.new_seed() for _ in range(100)}
        assert len(seeds) == 100
        assert all(draw.SEED.fullmatch(seed) for seed in seeds)

    def test_can_be_drawn_with(self):
        assert sorted(numbers(draw.new_seed(), 0, 9)) == list(range(1, 10))


class TestTheFirstToArrive:
    """With fixed seeds, so that chance can't make these fail. Bounds are those of one in a million."""

    @pytest.mark.parametrize("size", [2, 3, 5, 8])
    def test_draws_every_number_equally_often_as_does_everybody(self, size):
        drawn = zip(*(numbers(seed, 0, size) for seed in SEEDS), strict=True)
        worst = max(unevenness(Counter(mine).values(), len(SEEDS) / size) for mine in drawn)
        assert worst < {2: 24, 3: 28, 5: 34, 8: 41}[size]

    def test_is_before_the_second_half_of_the_time(self):
        before = Counter(first < second for first, second, *_ in (numbers(seed, 0, 50) for seed in SEEDS))
        assert unevenness(before.values(), len(SEEDS) / 2) < 24

    def test_of_three_sees_all_six_orders_equally_often(self):
        orders = Counter(tuple(numbers(seed, 0, 3)) for seed in SEEDS)
        assert len(orders) == 6
        assert unevenness(orders.values(), len(SEEDS) / 6) < 36

    def test_gains_nothing_by_being_early(self):
        size = 1000
        drawn = numbers(SEED, 0, size)
        earliest_tenth = sum(drawn[:100]) / 100
        assert abs(earliest_tenth - size / 2) < 5 * size / 12**0.5 / 10  # five standard errors


class TestWhatIsNotInTheDraw:
    @pytest.mark.parametrize("ticket", [-1, 0, 40, 51, 10**30])
    def test_is_refused_with_the_range(self, ticket):
        with pytest.raises(ValueError, match="Ticket .* give one from 41 to 50"):
            draw.number_of(ticket, seed=SEED, first=40, last=50)
        with pytest.raises(ValueError, match="Number .* give one from 41 to 50"):
            draw.ticket_of(ticket, seed=SEED, first=40, last=50)

    @pytest.mark.parametrize(("first", "last"), [(5, 5), (6, 5), (-1, 5)])
    def test_is_anybody_when_nobody_took_part(self, first, last):
        with pytest.raises(ValueError, match="Nobody takes part"):
            draw.number_of(5, seed=SEED, first=first, last=last)

    @pytest.mark.parametrize("seed", ["", SEED[1:], SEED.upper(), SEED + "\n", "x" * 64, "é" * 64])
    def test_is_a_seed_of_another_shape(self, seed):
        with pytest.raises(ValueError, match="64 digits"):
            draw.number_of(1, seed=seed, first=0, last=9)
