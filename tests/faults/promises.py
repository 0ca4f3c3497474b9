"""A test that carries a fault says in its mark which invariants hold then. They are looked at when it has ended."""

from concert_site.invariants import violations


def require_what_it_promised(item):
    """Raises AssertionError. Where the test has databases of its own, it has to look by itself."""
    promised = {letter for mark in item.iter_markers("fault") for letter in mark.kwargs["holds"].split()}
    if promised and "transactional_db" in item.fixturenames:
        assert violations(promised, pause=0) == {}
