import json
import os
import subprocess
import sys

import pytest

from local_stack import DOMAINS, ROOT, pytest_plugin

ENVIRONMENT_OF_A_TEST = """
import json, os
def test_it():
    with open("environment.json", "w") as file:
        json.dump(dict(os.environ), file)
"""


def environment_of_a_test(directory, **exported):
    (directory / "test_it.py").write_text(ENVIRONMENT_OF_A_TEST)
    # Our own servers again, because starting others takes a second each time.
    given = {"TEST_DATABASE_URL": os.environ["DATABASE_URL"], "TEST_REDIS_URL": os.environ["REDIS_URL"]}
    alone = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # without pytest-django, and quick
    environment = os.environ | given | alone | exported
    command = [sys.executable, "-m", "pytest", "-p", "local_stack.pytest_plugin", "test_it.py"]
    run = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads((directory / "environment.json").read_text()), run.stdout


class TestTheEnvironmentOfTests:
    def test_is_never_the_exported_database(self, tmp_path):
        environment, _ = environment_of_a_test(tmp_path, DATABASE_URL="postgresql://precious/data")
        assert environment["DATABASE_URL"] == environment["TEST_DATABASE_URL"]

    def test_has_servers_of_its_own_when_none_are_named(self, tmp_path):
        nothing = {"TEST_DATABASE_URL": "", "TEST_REDIS_URL": ""}
        environment, output = environment_of_a_test(tmp_path, **nothing)
        assert environment["DATABASE_URL"].startswith("postgresql://app@127.0.0.1:")
        assert environment["DATABASE_URL"] != os.environ["DATABASE_URL"]
        assert "(for this run)" in output

    @pytest.mark.parametrize("per_domain", ["1", "0"])
    def test_has_a_database_per_domain_exactly_when_asked(self, tmp_path, per_domain):
        exported = {"PAYMENTS_DATABASE_URL": "postgresql://precious/payments"}
        environment, output = environment_of_a_test(tmp_path, DATABASE_PER_DOMAIN=per_domain, **exported)
        names = [f"{domain.upper()}_DATABASE_URL" for domain in DOMAINS]
        urls = {environment[name] for name in names if name in environment}
        if per_domain == "1":
            assert len(urls | {environment["DATABASE_URL"]}) == 6
            assert environment["PAYMENTS_DATABASE_URL"] == environment["DATABASE_URL"] + "_payments"
        else:
            assert not urls
        assert "PostgreSQL" in output and "databases: " in output

    def test_gives_every_parallel_worker_its_own_redis_database(self):
        urls = [pytest_plugin.of_worker("redis://:secret@127.0.0.1:6379/0", f"gw{number}") for number in (0, 1)]
        assert urls == ["redis://:secret@127.0.0.1:6379/1", "redis://:secret@127.0.0.1:6379/2"]
