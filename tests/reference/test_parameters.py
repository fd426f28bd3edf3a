"""Reading and range-checking what a user sets."""

import pytest

from kb.errors import InvalidQueryError
from kb.reference.parameters import list_sizes, parse_parameters, parse_sizes, split_settings
from kb.reference.registry import get_idea

PANGU = get_idea("pangu-pi")


def test_text_and_numbers_are_read_and_defaults_filled_in():
    assert parse_parameters(PANGU, {"n": "1", "causal": "False", "shortcuts": 0}) == {
        "heads": 2,
        "causal": False,
        "n": 1,
        "shortcuts": 0,
    }


@pytest.mark.parametrize(
    ("idea", "given", "message"),
    [
        ("pangu-pi", {"n": "9"}, r"n of pangu-pi must be a whole number in 1\.\.8, not 9"),
        ("pangu-pi", {"n": "0"}, r"in 1\.\.8, not 0"),
        ("pangu-pi", {"n": "1.5"}, "whole number"),
        ("pangu-pi", {"n": "true"}, "whole number"),
        ("pangu-pi", {"n": "1" * 5000}, "whole number"),
        ("pangu-pi", {"causal": "perhaps"}, "causal of pangu-pi must be true or false, not perhaps"),
        ("rwkv-4", {"form": "circular"}, "form of rwkv-4 must be recurrent or parallel, not circular"),
        ("ulmfit", {"cut_frac": "nan"}, r"a number in 0\.01\.\.0\.9, not nan"),
        ("ulmfit", {"ratio": "inf"}, "a number in"),
        ("ulmfit", {"ratio": "fast"}, "a number in"),
        ("ulmfit", {"gamma": "1"}, "ulmfit has no parameter 'gamma': it has steps, groups"),
    ],
)
def test_what_is_out_of_range_or_unknown_is_refused_with_what_would_do(idea, given, message):
    with pytest.raises(InvalidQueryError, match=message):
        parse_parameters(get_idea(idea), given)


def test_sizes_are_those_of_inputs_and_weights():
    assert list_sizes(get_idea("linear-attention")) == ("B", "T", "H", "K", "V")
    assert list_sizes(PANGU) == ("B", "T", "D", "F", "R")
    assert list_sizes(get_idea("ulmfit")) == ()


def test_sizes_have_small_defaults():
    assert parse_sizes(PANGU, {"T": "64"}) == {"B": 2, "T": 64, "D": 16, "F": 64, "R": 4}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"T": "0"}, r"T must be a whole number in 1\.\.512, not 0"),
        ({"T": "513"}, r"not 513"),
        ({"T": "many"}, "not many"),
        ({"T": -4}, "not -4"),
        ({"H": 2}, "pangu-pi has no size 'H': it has B, T, D, F, R"),
        ({"T": 512, "D": 512}, r"B \* T \* D \(x of pangu-pi\) must be at most 32,768"),
    ],
)
def test_sizes_that_are_too_large_or_foreign_are_refused(given, message):
    with pytest.raises(InvalidQueryError, match=message):
        parse_sizes(PANGU, given)


def test_capital_letters_are_sizes():
    assert split_settings({"T": 4, "n": 2, "R": 1}) == ({"n": 2}, {"T": 4, "R": 1})
