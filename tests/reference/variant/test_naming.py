"""Naming parameters: what is written, what it comes to, and what contradicts itself."""

import pytest

from kb.errors import InvalidQueryError
from kb.records import Parameter
from kb.reference.variant.naming import loosen, refine_by_label, refine_parameters, write_parameters

KNOWN = {
    one.name: one
    for one in (
        Parameter("decay", 0.9),
        Parameter("steps", 10, 1, 50),
        Parameter("mode", "a", choices=("a", "b")),
        Parameter("flag", True),
        Parameter("title", "hello, world"),
    )
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("decay", Parameter("decay", 0.9)),
        ("decay=.5 in 0..1", Parameter("decay", 0.5, 0, 1)),
        (" decay  =  1  in  -1e0 .. 2.5 ", Parameter("decay", 1.0, -1, 2.5)),
        ("decay in 0..1", Parameter("decay", 0.9, 0, 1)),
        ("steps = 50", Parameter("steps", 50, 1, 50)),
        ("steps = 51", Parameter("steps", 51)),
        ("steps in 5..20", Parameter("steps", 10, 5, 20)),
        ("mode = b", Parameter("mode", "b", choices=("a", "b"))),
        ("mode = c", Parameter("mode", "c")),
        ("mode = c of a | c", Parameter("mode", "c", choices=("a", "c"))),
        ("flag = False", Parameter("flag", False)),
        ("title", Parameter("title", "hello, world")),
        ("title = bye", Parameter("title", "bye")),
    ],
)
def test_an_entry_refines_what_the_code_says(text: str, expected: Parameter) -> None:
    (found,) = refine_parameters(text, KNOWN).values()
    assert found == expected
    assert type(found.default) is type(expected.default)


def test_entries_are_parted_by_semicolons_and_keep_their_order() -> None:
    assert list(refine_parameters("; title; decay = 0.5 ;; steps", KNOWN)) == ["title", "decay", "steps"]
    assert refine_parameters(" ", KNOWN) == {}


def test_an_identifier_means_what_python_takes_it_for() -> None:
    # the first sign is a ligature, which Python reads as two letters
    assert list(refine_parameters("ﬁt = 2", {"fit": Parameter("fit", 1)})) == ["fit"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("decay 0.9", "'decay 0.9' cannot be read: write name = default"),
        ("rate = 1", "no parameter 'rate': it has decay, steps"),
        ("decay; decay", "'decay' is named twice"),
        ("decay = fast", "'fast' is no number"),
        ("decay = nan", "'nan' is not finite"),
        ("decay in 0..inf", "'inf' is not finite"),
        ("decay in 0..much", "'much' is no number"),
        ("decay in 2..1", "decay = 0.9 is not in 2..1"),
        ("decay = 3 in 0..1", "decay = 3.0 is not in 0..1"),
        ("decay = true", "decay must be a number, as 0.9 in the code is"),
        ("steps = 1.5", "steps must be a whole number, as 10 in the code is, not 1.5"),
        ("flag = 1", "flag must be true or false"),
        ("flag in 0..1", "flag is no number, so it has no range"),
        ("mode in 0..1", "mode is no number"),
        ("decay of a | b", "decay is no word, so it has no choices"),
        ("mode = c of a | b", r"mode = c is not among a \| b"),
        ("mode of a | | b", "add it"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InvalidQueryError, match=message) as caught:
        refine_parameters(text, KNOWN)
    assert "\n" not in str(caught.value)


def test_a_label_gives_ranges_and_neutral_values_of_what_the_code_has() -> None:
    found = refine_by_label("decay = 1 in 0..1 (decay=1 gives itself); mode = b of a | b", KNOWN)
    assert found["decay"] == Parameter("decay", 1.0, 0, 1, neutral="decay=1 gives itself")
    assert found["mode"].default == "b"
    with pytest.raises(InvalidQueryError, match="names 'rate', but the function takes decay"):
        refine_by_label("rate = 1", KNOWN)
    with pytest.raises(InvalidQueryError, match="cannot be read at"):
        refine_by_label("decay is fast", KNOWN)


def test_what_is_written_is_read_again() -> None:
    refined = refine_parameters("decay = 0.125 in 0.00001..1; flag = false; mode = c of a | c; title", KNOWN)
    text = write_parameters(list(refined.values()), KNOWN)
    assert text == "decay = 0.125 in 1e-05..1; flag = false; mode = c of a | c; title"
    assert refine_parameters(text, KNOWN) == refined


def test_a_range_that_the_default_does_not_keep_to_is_left_out() -> None:
    assert loosen(Parameter("n", 3, 0, 2)) == Parameter("n", 3)
    assert loosen(Parameter("n", 2, 0, 2)) == Parameter("n", 2, 0, 2)
    assert loosen(Parameter("mode", "c", choices=("a", "b"))) == Parameter("mode", "c")
