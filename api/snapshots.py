"""What a process keeps in its own memory for a second, where even one question to Redis is too much."""

import threading
import time

LOCKS = 16
MOST = 1000  # then all are forgotten: a key may be what a stranger has made up


class Snapshots:
    """The latest answer for each key, never older than `seconds`. One thread asks anew; who comes meanwhile waits."""

    def __init__(self, seconds):
        self._seconds = seconds
        self._locks = [threading.Lock() for _ in range(LOCKS)]
        self._kept = {}  # key: (until when, answer)

    def get(self, key, ask):
        """The answer of `ask()`, or of an earlier one. What it raises is raised, and not kept."""
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        return self._ask(key, ask)

    def forget(self):
        self._kept.clear()

    def _ask(self, key, ask):
        with self._locks[hash(key) % LOCKS]:
            until, answer = self._kept.get(key, (0, None))
            if time.monotonic() >= until:
                until = time.monotonic() + self._seconds  # from before asking: it is as old as that
                answer = ask()
                self._keep(key, until, answer)
            return answer

    def _keep(self, key, until, answer):
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[key] = until, answer
