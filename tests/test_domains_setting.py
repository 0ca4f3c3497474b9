"""A process that does not know how to reach the other domains does not start."""

import subprocess
import sys

import pytest

from tests.processes import environment


def check(**variables):
    command = [sys.executable, "manage.py", "check"]
    return subprocess.run(command, env=environment() | variables, capture_output=True, text=True)


class TestDomains:
    @pytest.mark.parametrize(
        ("domains", "why"),
        [("payments", "BROKER_URL has to say"), ("payments,tickets", "there are accounts")],
        ids=["without a broker", "unknown"],
    )
    def test_that_cannot_be_are_refused_at_the_start(self, domains, why):
        outcome = check(DOMAINS=domains, BROKER_URL="")
        assert outcome.returncode != 0
        assert why in outcome.stderr
