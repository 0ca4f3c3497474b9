"""Real processes for tests that kill them, on the test's own databases."""

import os
import signal
import subprocess
import sys
import traceback
from contextlib import contextmanager

from django.conf import settings
from django.db import connections
from django_redis import get_redis_connection

WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")


def forked(story) -> int:
    """Run the story in a process of its own, with connections of its own; its id."""
    connections.close_all()
    get_redis_connection("default").connection_pool.disconnect()
    child = os.fork()
    if child == 0:
        _run_in_child(story)
    return child


def died(child) -> bool:
    """Wait for its end: True if it got SIGKILL, False if its story came to its end."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the story failed by itself"
    return False


def _run_in_child(story):
    code = 1
    try:
        story()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def environment():
    """What a process needs to work on the databases of this test."""
    urls = {
        ("DATABASE_URL" if alias == "default" else f"{alias.upper()}_DATABASE_URL"): url_of(alias)
        for alias in settings.DATABASES
    }
    return os.environ | urls


def url_of(alias):
    there = connections[alias].settings_dict
    password = f":{there['PASSWORD']}" if there["PASSWORD"] else ""
    return f"postgresql://{there['USER']}{password}@{there['HOST']}:{there['PORT']}/{there['NAME']}"


@contextmanager
def running(*arguments, **variables):
    """A process of Python beside the test, ended with it."""
    process = subprocess.Popen([sys.executable, *arguments], env=environment() | variables)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
