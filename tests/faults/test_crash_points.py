"""At each commit of each story, of the shop and of the worker: dying before it, after it, failing, losing the answer.

All points with all blows are make chaos's; here every second point has one of the blows, and the two set-ups of
`make test` take turns.
"""

import os
from itertools import count, cycle

import pytest

from tests.everything import assert_sound
from tests.faults.points import BLOWS
from tests.faults.stories import STORIES, gone_on, told_and_hit
from tests.faults.storm import big_world

FIRST, STEP = (2, 4) if os.environ.get("DATABASE_PER_DOMAIN") == "1" else (1, 2)


@pytest.fixture
def world(transactional_db, redis, settings):
    settings.PUSH_AFTER_COMMIT = False
    settings.DELIVERY_LEASE_SECONDS = 3600  # who dies is taken over at the end: no other story has his points
    return big_world(seats=200)


class TestAProcessHitAtAnyCommit:
    @pytest.mark.parametrize("story", STORIES)
    @pytest.mark.fault(
        "relay killed after a claim",
        "relay killed halfway through a lane",
        "consumer killed before its commit",
        "consumer killed after its commit",
        "outcome of a commit unknown",
        "database restarted during each step",
        "debit declined",
        holds="M S D1 D2 E O T Q L",
    )
    def test_leaves_nothing_half_done_and_lets_the_fan_go_on_to_the_end(self, world, story):
        tellings = list(told_and_hit(story, world, points=count(FIRST, STEP), blows=cycle(BLOWS.values())))
        assert len(tellings) > 3

        assert gone_on(tellings) == []
        assert_sound()
