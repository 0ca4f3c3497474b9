"""`make manage ARGS="…"`: manage.py with the databases of `make run`, whether that is running or not."""

import os
import signal
import subprocess
import sys

from local_stack import ROOT, CannotStart
from local_stack.directory import DataDirectory
from local_stack.environment import environment
from local_stack.run import data_directory
from local_stack.servers import Servers


def main(arguments):
    """The exit code of the command."""
    if running := DataDirectory(data_directory()).user():
        if not running["env"]:
            raise CannotStart(f"{running['user']} is just starting. Try again in a moment.")
        return manage(arguments, running["env"])
    servers = Servers(
        data_directory(),
        user=f"manage.py {' '.join(arguments)}",
        database_url=os.environ.get("DATABASE_URL", ""),
        redis_url=os.environ.get("REDIS_URL", ""),
    )
    with servers:
        added = environment(servers)
        servers.directory.write_state(env=added)
        return manage(arguments, added)


def manage(arguments, added):
    process = subprocess.Popen([sys.executable, ROOT / "manage.py", *arguments], env=os.environ | added)
    # Ctrl-C reaches the command by itself, and what it means there is its own affair: a shell goes on.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process.wait()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotStart as problem:
        sys.exit(f"{problem}")
