import pytest

from queueing.outlook import Eta, Flow, poll_after


def flow(**known):
    usual = {"max_active": 50, "per_minute": 600, "slots": 0, "pace": 0, "departed": 0, "busy_ms": 0}
    return Flow(**(usual | known))


class TestTheEta:
    def test_is_at_once_while_slots_are_free(self):
        assert flow(slots=10).eta(ahead=9) == Eta(0, 2)

    def test_is_not_known_before_slots_have_come_back(self):
        assert flow(departed=4, busy_ms=1_000_000).eta(ahead=0) is None

    def test_follows_from_the_mean_stay(self):
        # 100 stays of 100 s each: 50 slots give one back every 2 s, so the 100th in line waits 200 s, give or take
        eta = flow(departed=100, busy_ms=100 * 100_000).eta(ahead=99)
        assert eta.low < 200 < eta.high
        assert (eta.low, eta.high) == (166, 252)

    def test_becomes_narrower_with_more_measured(self):
        few = flow(departed=10, busy_ms=10 * 100_000).eta(ahead=99)
        many = flow(departed=1000, busy_ms=1000 * 100_000).eta(ahead=99)
        assert few.low < many.low < many.high < few.high

    def test_is_never_sooner_than_the_minutes_allow(self):
        eta = flow(per_minute=10, pace=10, departed=1000, busy_ms=1000 * 1000).eta(ahead=29)
        assert (eta.low, eta.high) == (120, 182)

    def test_knows_when_the_minute_is_used_up(self):
        assert flow(per_minute=10, pace=10, slots=40).eta(ahead=0) == Eta(0, 62)

    @pytest.mark.parametrize("shut", [{"max_active": 0}, {"per_minute": 0}])
    def test_is_not_known_while_nobody_may_come(self, shut):
        assert flow(**shut).eta(ahead=0) is None


class TestTheNextPoll:
    def test_is_a_second_away_near_the_front(self):
        assert {poll_after(ahead=10, number=n, grace_seconds=300) for n in range(100)} == {1}

    def test_is_farther_away_farther_back(self):
        assert [poll_after(ahead=ahead, number=0, grace_seconds=300) for ahead in (1000, 10_000, 100_000)] == [
            2,
            20,
            60,
        ]

    def test_is_spread_among_neighbours(self):
        assert len({poll_after(ahead=10_000, number=n, grace_seconds=300) for n in range(100)}) >= 5

    def test_never_risks_the_place(self):
        assert poll_after(ahead=1_000_000, number=1, grace_seconds=60) == 15

    def test_keeps_ten_thousand_waiting_below_2500_questions_a_second(self):
        seconds = [poll_after(ahead=ahead, number=ahead, grace_seconds=300) for ahead in range(10_000)]
        assert sum(1 / each for each in seconds) < 2500
