"""What leaves the console for a spreadsheet."""

import pytest

from events.csv_lines import csv_lines, harmless


class TestACell:
    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "\n=1", "\nSUM"])
    def test_is_no_formula(self, text):
        assert harmless(text) == f"'{text}"

    @pytest.mark.parametrize(
        ("value", "text"), [("Floor A", "Floor A"), (None, ""), (7, "7"), (-7, "-7"), ({"a": "–"}, '{"a": "–"}')]
    )
    def test_is_text_as_it_was(self, value, text):
        assert harmless(value) == text


class TestAnExport:
    def test_is_written_line_by_line(self):
        assert list(csv_lines(["seat"], iter([["=A 1"], ['A "2"']]))) == ["seat\r\n", "'=A 1\r\n", '"A ""2"""\r\n']
