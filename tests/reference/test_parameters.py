"""Reading and range-checking what a user sets."""

import pytest

from kb.errors import InvalidQueryError
from kb.reference.parameters import (
    SIZES,
    list_bounds,
    list_gates,
    list_sizes,
    parse_gate_values,
    parse_parameters,
    parse_sizes,
    split_settings,
)
from kb.reference.registry import get_idea, parse_idea

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


def test_sizes_are_those_of_gates_too(write_idea):
    idea = parse_idea(write_idea("position", "q", weights="bias (H, R)"))
    mixer = parse_idea(write_idea("mixer", "v", gates="decay (B, T, H) 0..1; lag (F) 0..1"))

    assert list_sizes(idea) == ("B", "T", "H", "K", "R")
    assert list_sizes(mixer) == ("B", "T", "H", "K", "V", "F")
    assert [gate.name for gate in list_gates(mixer)] == [gate.name for gate in mixer.gates] == ["decay", "lag"]


def test_an_objective_has_a_vocabulary_and_reads_more_text(write_idea):
    bounds = list_bounds(parse_idea(write_idea("objective", "tokens", weights="emb (C, D)")))

    assert list(bounds) == ["B", "T", "D", "C"]
    assert (bounds["B"], bounds["T"]) == ((4, SIZES["B"][1]), (32, SIZES["T"][1]))
    assert bounds["D"] == SIZES["D"]


def test_scores_of_all_pairs_may_not_be_too_many(write_idea):
    idea = parse_idea(write_idea("position", "q"))

    assert parse_sizes(idea, {"T": 128, "B": 1, "H": 2})["T"] == 128
    with pytest.raises(InvalidQueryError, match=r"B \* H \* T \* T \(output of own\) must be at most 32,768"):
        parse_sizes(idea, {"T": 129, "B": 1, "H": 2})


def test_a_gate_is_drawn_or_set_to_a_number_in_its_range(write_idea):
    idea = parse_idea(write_idea("mixer", "v", gates="beta (B) 0..1; decay (B) 0.5..1"))

    assert parse_gate_values(idea, {"beta": " 1", "scale": 3}) == ({"beta": 1.0}, {"scale": 3})
    assert parse_gate_values(idea, {"beta": 0, "decay": "drawn"}) == ({"beta": 0.0}, {})
    for value in ("0.4", "2", "nan", "one", True):
        with pytest.raises(InvalidQueryError, match=r"decay of own must be a number in 0\.5\.\.1, not"):
            parse_gate_values(idea, {"decay": value})
