"""Gives the tests a real PostgreSQL and a real Valkey, made for this run and gone after it.

TEST_DATABASE_URL and TEST_REDIS_URL name servers to use instead. DATABASE_URL and REDIS_URL are never listened to:
an exported one may be somebody's data. With DATABASE_PER_DOMAIN=1 every domain has its own database.
"""

import os
from urllib.parse import urlsplit

import pytest

from local_stack import DOMAINS, CannotStart, postgres, valkey
from local_stack.servers import Servers

SETTINGS = {
    "SECRET_KEY": "only-for-tests",
    "DEBUG": "off",
    "DEMO": "off",
    "RATE_LIMITS": "off",
    "LOG_FORMAT": "console",
    "DATABASE_POOL": "off",
    "DATA_PLATFORM_URL": "",
    "QUEUE_MEASURED_PATHS": "",  # tests of it say which; else its thread would write into every other test
}


@pytest.hookimpl(wrapper=True)  # a wrapper comes before pytest-django, which reads the settings in this hook
def pytest_load_initial_conftests(early_config):
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:  # of pytest-xdist, which inherits the environment made below
        os.environ["REDIS_URL"] = of_worker(os.environ["REDIS_URL"], worker)
    else:
        early_config.add_cleanup(_start().stop)
    return (yield)


def pytest_report_header():
    domains = ", ".join(domain for domain in DOMAINS if _variable(domain) in os.environ)
    yield (
        f"PostgreSQL {postgres.version(os.environ['DATABASE_URL'])}"
        f" ({'yours' if os.environ.get('TEST_DATABASE_URL') else 'for this run'}),"
        f" {valkey.version(os.environ['REDIS_URL'])}"
        f" ({'yours' if os.environ.get('TEST_REDIS_URL') else 'for this run'})"
    )
    yield f"databases: default, {domains}" if domains else "databases: one for all domains"


def of_worker(redis_url, worker):
    """Redis has no test_ databases of its own making, so each parallel worker gets the database of its number."""
    return urlsplit(redis_url)._replace(path=f"/{int(worker.removeprefix('gw')) + 1}").geturl()


def _start():
    servers = Servers(
        database_url=os.environ.get("TEST_DATABASE_URL", ""), redis_url=os.environ.get("TEST_REDIS_URL", "")
    )
    try:
        servers.__enter__()
    except CannotStart as problem:
        raise pytest.UsageError(str(problem)) from None
    static = servers.directory.path / "static"
    static.mkdir()
    os.environ |= SETTINGS | {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "STATIC_ROOT": str(static),  # nothing is collected, but WhiteNoise warns when it is not there
    }
    _divide(servers.database_url, os.environ.get("DATABASE_PER_DOMAIN", "") in ("1", "on", "true"))
    return servers


def _divide(url, per_domain):
    """A database for each domain, or none, whatever was exported."""
    for domain in DOMAINS:
        os.environ.pop(_variable(domain), None)
    if per_domain:
        parts = urlsplit(url)
        paths = {domain: f"{parts.path}_{domain}" for domain in DOMAINS}
        postgres.create_databases(url, [path.removeprefix("/") for path in paths.values()])
        os.environ |= {_variable(domain): parts._replace(path=paths[domain]).geturl() for domain in DOMAINS}


def _variable(domain):
    return f"{domain.upper()}_DATABASE_URL"
