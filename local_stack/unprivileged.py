"""PostgreSQL refuses to run as root. How to start it all the same, in a container for example."""

import contextlib
import functools
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from local_stack import CannotStart

UNSHARE = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


@dataclass(frozen=True)
class Way:
    """What goes before the command, and what goes to Popen with it."""

    prefix: list = field(default_factory=list)
    options: dict = field(default_factory=dict)

    def own(self, path):
        """Gives it to the account that the command will run as."""
        if self.options:
            os.chown(path, self.options["user"], self.options["group"])

    def require(self, path):
        if not self.can_run(path):
            raise CannotStart(
                f"PostgreSQL does not run as root, and the account used instead cannot reach {path}.\n"
                "Choose a directory that others may enter, DATA_DIR=/var/tmp/concerts for example, or do not be root."
            )

    def can_run(self, path):
        """Whether the command would be allowed to execute that file or enter that directory."""
        return subprocess.run(["test", "-x", path], **self.options).returncode == 0


@functools.cache
def way():
    """As we are; as root in a user namespace, which needs no account and no chown; else as another account."""
    if os.geteuid() != 0:
        return Way()
    if _may_unshare():
        return Way(prefix=UNSHARE)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            # cwd: ours may be out of its reach
            return Way(options={"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"})
    raise CannotStart("PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it as.")


def reachable(folder):
    """The folder of binaries, or a copy of it if that way leads to an account that cannot reach the original."""
    if way().can_run(folder / "postgres"):
        return folder
    install, package = folder.parent, folder.parent.parent
    stamp = (folder / "postgres").stat().st_mtime_ns
    copy = Path(tempfile.gettempdir()) / f"local-stack-{package.name}-{stamp}"
    if not (copy.exists() and copy.stat().st_uid == os.geteuid()):
        new = Path(tempfile.mkdtemp(dir=copy.parent))
        shutil.copytree(install, new / package.name / install.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # where the wheel keeps libpq
        if libraries.is_dir():
            shutil.copytree(libraries, new / libraries.name, symlinks=True)
        new.chmod(0o755)
        new.rename(copy)
    return copy / package.name / install.name / "bin"


def _may_unshare():
    if os.environ.get("LOCAL_STACK_UNSHARE") == "off" or not shutil.which("unshare"):
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0
