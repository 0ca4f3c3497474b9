"""Ends what its owner started once the owner is gone, however it went: returned, raised, or killed with -9.

The guard is a small process of its own. It reads a pipe whose only writing end the owner holds, so the end of the
pipe is the end of the owner; no signal handler, no pid file and no `atexit` has to work for that. An owner that ends
by itself takes the same way: it lets go of the pipe and waits for the guard. So there is one way to end.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

PATIENCE = 6  # seconds between asking a process to end and killing it


class Guard:
    """Starts processes and answers for their end.

    `lock` is a file descriptor that stays open until all of them have ended, `remove` a directory that is then
    removed.
    """

    def __init__(self, *, lock=None, remove=None):
        self._started = []
        self._process = subprocess.Popen(
            [sys.executable, "-IS", __file__, str(remove or "")],
            stdin=subprocess.PIPE,
            pass_fds=[] if lock is None else [lock],
            start_new_session=True,
            text=True,
        )

    def start(self, command, *, stop=signal.SIGTERM, last=False, **options):
        """A process in a session of its own, so that Ctrl-C reaches the owner alone.

        In the end it gets the signal `stop`, those marked `last` after all others have ended, and whatever is then
        left of its group is killed.
        """
        process = subprocess.Popen([str(word) for word in command], start_new_session=True, **options)
        self._tell("watch", process.pid, int(stop), int(last))
        self._started.append(process)
        return process

    def forget(self, process):
        """To be called once it has ended: kills what it may have left behind, and its number is free for others."""
        kill_group(process.pid)
        self._tell("forget", process.pid)
        self._started.remove(process)

    def end(self):
        """Returns when all has ended."""
        self._process.stdin.close()
        while self._process.poll() is None:
            for process in self._started:
                process.poll()  # a child that nobody waits for would look alive to the guard
            time.sleep(0.02)

    def _tell(self, *words):
        print(*words, file=self._process.stdin, flush=True)


def main(remove):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched = {}
    for line in sys.stdin:
        match line.split():
            case ["watch", pid, stop, last]:
                watched[int(pid)] = int(stop), last == "1"
            case ["forget", pid]:
                watched.pop(int(pid), None)
    for round_is_last in (False, True):
        end({pid: stop for pid, (stop, last) in watched.items() if last is round_is_last})
    if remove:
        shutil.rmtree(remove, ignore_errors=True)


def end(processes):
    for pid, stop in processes.items():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, stop)
    deadline = time.monotonic() + PATIENCE
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in processes:
        kill_group(pid)


def is_alive(pid):
    """False for a zombie too: in a container the first process often does not collect its orphans."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # no /proc on this system, or it ended in between: the next look will tell
        return True


def kill_group(pid):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(remove=sys.argv[1])
