"""Some seconds of storm, with the same seed in each run. make chaos has longer ones, with others."""

import os

import pytest

from tests.everything import not_kept
from tests.faults.nemesis import PROCESSES, SERVERS
from tests.faults.storm import Storm, big_world


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="a server of yours is not ours to crash")
class TestAStorm:
    def test_leaves_nothing_broken_and_nothing_undone(self, transactional_db, own_redis, tmp_path):
        storm = Storm(big_world(), PROCESSES + SERVERS, seed=1, home=tmp_path, redis=own_redis)
        struck = storm.rage()
        assert sum(struck.values()) > 3
        assert storm.calm_down() == []
        assert not_kept() == {}
