"""A test that carries a fault says in its mark which invariants hold then. They are looked at when it has ended."""

from tests.everything import not_kept


def require_what_it_promised(item):
    """Raises AssertionError, also where they can't be looked at."""
    promised = {letter for mark in item.iter_markers("fault") for letter in mark.kwargs["holds"].split()}
    if promised:
        assert "transactional_db" in item.fixturenames, "it has nothing in which these could be looked at"
        assert not_kept(promised) == {}
