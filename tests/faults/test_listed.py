"""The list of faults and the tests that carry them agree."""

from pathlib import Path

from concert_site.invariants import LETTERS
from tests.faults.carriers import ROOT, carriers, table
from tests.faults.listed import FAULTS


class TestEachFault:
    def test_is_listed_once(self):
        assert sorted(set(FAULTS)) == sorted(FAULTS)

    def test_is_carried_by_a_test(self):
        carried = {fault for each in carriers() for fault in each.faults}
        assert [fault for fault in FAULTS if fault not in carried] == []


class TestEachMark:
    def test_names_faults_that_are_listed(self):
        assert [each for each in carriers() if not each.faults or not set(each.faults) <= set(FAULTS)] == []

    def test_names_invariants_that_there_are(self):
        assert [each for each in carriers() if not each.holds or not set(each.holds) <= set(LETTERS)] == []


class TestThePageOfFaults:
    def test_has_the_table_as_the_tests_have_it(self):
        """Else: python -m tests.faults.carriers"""
        assert table() in Path(ROOT / "docs/faults.md").read_text()
