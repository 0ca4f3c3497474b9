"""A PostgreSQL server of our own: made, started, and given a role and a database for the service."""

import os
import shutil
import signal
import subprocess

import psycopg
from psycopg import sql

from local_stack import CannotStart, binaries, unprivileged
from local_stack.server import Server

APP = "app"  # role and database
SUPERUSER = "postgres"

# The race tests hold many connections, and there are up to six databases.
# Parallel queries would use /dev/shm, of which a container has 64 MB.
OPTIONS = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=300",
    "max_parallel_workers_per_gather=0",
    "jit=off",
]
# For data that nobody will miss after a crash.
CARELESS = [
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
]


class Postgres(Server):
    """The role of `url` owns its database and may create others, as in production; it is no superuser."""

    name = "postgres"

    @property
    def url(self):
        secret = "" if self.ephemeral else f":{self._password(APP)}"
        return f"postgresql://{APP}{secret}@127.0.0.1:{self.port}/{APP}"

    def start(self):
        super().start()
        with self._connect(self.port) as connection:
            if not _exists(connection, "pg_roles", "rolname", APP):
                create = sql.SQL("create role {} login createdb password {}")
                connection.execute(create.format(sql.Identifier(APP), sql.Literal(self._password(APP))))
            if not _exists(connection, "pg_database", "datname", APP):
                connection.execute(sql.SQL("create database {0} owner {0}").format(sql.Identifier(APP)))

    def prepare(self):
        self.binaries = unprivileged.reachable(binaries.postgres())
        self.major = binaries.major_version(self.binaries)
        if not self.home.exists():
            self._create()
        unprivileged.way().require(self.home)
        made_by = (self.home / "PG_VERSION").read_text().strip()
        if made_by != str(self.major):
            raise CannotStart(
                f"The data in {self.home} was made by PostgreSQL {made_by}, but the server here is {self.major}"
                f" ({self.binaries}).\nStart with an empty DATA_DIR, or dump and restore."
            )

    def launch(self, port, log):
        options = OPTIONS + CARELESS * self.ephemeral
        command = [self.binaries / "postgres", "-D", self.home, "-p", port]
        for option in options:
            command += ["-c", option]
        # SIGINT: ends without waiting for clients to leave
        return self._run(command, log, stop=signal.SIGINT, last=True)

    def answers(self, port):
        try:
            self._connect(port).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create(self):
        """Made beside its place and then moved there, because an interrupted initdb looks finished."""
        new, password_file = self.home.with_name("postgres.new"), self.home.with_name("postgres.password")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        password_file.unlink(missing_ok=True)
        with open(os.open(password_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(self._password(SUPERUSER))
        for path in (new, password_file):
            unprivileged.way().own(path)
        unprivileged.way().require(new)
        command = [self.binaries / "initdb", "-D", new, "-U", SUPERUSER, "-E", "UTF8", "--no-instructions"]
        command += ["--pwfile", password_file, *self._locale()]
        command += ["--auth=trust", "--no-sync"] if self.ephemeral else ["--auth=scram-sha-256"]
        with open(self.log_path, "ab") as log:
            initdb = self._run(command, log)
        if initdb.wait() != 0:
            raise CannotStart(f"initdb failed. The end of {self.log_path}:\n{self._end_of_log()}")
        self.guard.forget(initdb)
        password_file.unlink()
        new.rename(self.home)

    def _locale(self):
        """UTF-8 with sorting by code point, the same on every machine."""
        if self.major >= 17:
            return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return ["--locale=C.UTF-8"]

    def _run(self, command, log, **options):
        way = unprivileged.way()
        return self.guard.start(
            [*way.prefix, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **way.options, **options
        )

    def _password(self, role):
        return self.directory.secret(f"postgres {role}")

    def _connect(self, port):
        return psycopg.connect(
            host="127.0.0.1",
            port=port,
            user=SUPERUSER,
            password=self._password(SUPERUSER),
            dbname="postgres",
            connect_timeout=2,
            autocommit=True,
        )


def version(url):
    with psycopg.connect(url) as connection:
        return connection.execute("show server_version").fetchone()[0]


def create_databases(url, names):
    """Those that are missing, on the server of `url`."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in names:
            if not _exists(connection, "pg_database", "datname", name):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def _exists(connection, catalog, column, name):
    query = sql.SQL("select from {} where {} = %s").format(sql.Identifier(catalog), sql.Identifier(column))
    return connection.execute(query, [name]).rowcount == 1
