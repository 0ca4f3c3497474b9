import os
import shutil

import pytest

from local_stack.servers import temporary_directory

# Nothing here looks at the service's databases, so the first of the two runs of `make test` is enough.
collect_ignore_glob = ["test_*.py"] if os.environ.get("DATABASE_PER_DOMAIN") == "1" else []


@pytest.fixture(scope="session")
def new_directory():
    """Makes directories that other accounts may enter, which pytest's own are not: PostgreSQL may run as another."""
    made = []

    def make():
        made.append(temporary_directory())
        return made[-1]

    yield make
    for path in made:
        shutil.rmtree(path, ignore_errors=True)
