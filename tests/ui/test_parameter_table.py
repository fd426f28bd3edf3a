"""The table in which parameters are named: what it begins with, and what it comes to."""

import pytest

from kb.errors import InvalidQueryError
from kb.records import Parameter
from kb.ui.parameter_table import list_rows, write_rows

KNOWN = (
    Parameter("decay", 0.9),
    Parameter("mode", "a", choices=("a", "b")),
    Parameter("flag", True),
    Parameter("steps", 3, 1, 9),
)


def test_the_table_begins_with_what_is_named_already() -> None:
    present = (Parameter("decay", 0.5, 0, 1), Parameter("flag", True))
    assert list_rows(KNOWN, present)[:3] == [
        {"offered": True, "name": "decay", "default": "0.5", "low": 0, "high": 1, "choices": ""},
        {"offered": False, "name": "mode", "default": "a", "low": None, "high": None, "choices": "a | b"},
        {"offered": True, "name": "flag", "default": "true", "low": None, "high": None, "choices": ""},
    ]


@pytest.mark.parametrize("selective", [True, False])
def test_a_table_that_nobody_touched_says_nothing(selective: bool) -> None:
    assert write_rows(list_rows(KNOWN, KNOWN), KNOWN, selective=selective) == ""


def test_of_a_variant_only_what_is_new_is_written() -> None:
    rows = list_rows(KNOWN, KNOWN)
    rows[0] |= {"default": " 0.25 ", "low": 0.0, "high": 1.0}
    rows[1] |= {"choices": "a | b | c"}
    rows[2] |= {"offered": False, "default": ""}
    assert write_rows(rows, KNOWN, selective=False) == "decay = 0.25 in 0..1; mode of a | b | c"


def test_of_a_program_what_is_offered_is_written() -> None:
    rows = list_rows(KNOWN, KNOWN)
    rows[2] |= {"offered": False}
    assert write_rows(rows, KNOWN, selective=True) == "decay; mode; steps"
    rows[0] |= {"low": -1.5, "high": 2.0}
    rows[2] |= {"offered": True, "default": "false"}
    assert write_rows(rows, KNOWN, selective=True) == "decay in -1.5..2; mode; flag = false; steps"


def test_a_range_with_one_end_is_refused() -> None:
    rows = list_rows(KNOWN, KNOWN)
    rows[0] |= {"low": 1.0}
    with pytest.raises(InvalidQueryError, match="decay: a range has two ends"):
        write_rows(rows, KNOWN, selective=False)
