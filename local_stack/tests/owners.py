"""Processes for the tests to kill: they own a guard or servers, say so on a line, and wait."""

import contextlib
import json
import os
import subprocess
import sys
import time

from local_stack import ROOT


@contextlib.contextmanager
def owner(program, *arguments):
    """The process, and what it said on its line. It ends when its input does, at the end of the `with`."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process, json.loads(process.stdout.readline() or "null")
        process.stdin.close()
        process.wait(timeout=30)


def is_gone(pid):
    try:
        os.kill(pid, 0)
        return False
    except ProcessLookupError:
        return True


def soon(condition, seconds=30):
    """Whether it comes true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
