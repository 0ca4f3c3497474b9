"""Whatever happens, in any order. The stories are the same in every run; make chaos tells others."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.whole_flow import WholeFlow

STORIES = 4 if os.environ.get("DATABASE_PER_DOMAIN") == "1" else 8
BOUNDED = {"max_examples": STORIES, "stateful_step_count": 25, "derandomize": True}
UNHURRIED = {"deadline": None, "print_blob": True, "suppress_health_check": list(HealthCheck), "database": None}


class TestTheWholeFlow:
    @pytest.mark.fault(
        "each message three times, shuffled",
        "consumer killed before its commit",
        "consumer killed after its commit",
        "relay killed after a claim",
        "debit declined",
        "refund before debit",
        holds="M S D1 D2 E O T A L",
    )
    def test_keeps_its_promises_whatever_happens(self, transactional_db, redis, settings):
        settings.PUSH_AFTER_COMMIT = False
        run_state_machine_as_test(WholeFlow, settings=bounded)


bounded = settings(**UNHURRIED, **BOUNDED)
