"""Variant or program, what is said about it, and a program with its constants set."""

import pytest

from kb.errors import InvalidQueryError
from kb.records import Parameter
from kb.reference.registry import get_idea
from kb.reference.variant import fill_program, read_snippet

MIXER = get_idea("linear-attention")
PROGRAM = "steps = 10\nmode = 'a'\nreport('x', steps)\n"


def test_a_function_of_the_form_makes_a_variant() -> None:
    reading = read_snippet("def f(q, k, v, *, n=1): ...", MIXER, named="n in 1..3", slug="snippet:3", title="mine")
    assert (reading.kind, reading.parameters, reading.remarks) == ("variant", (Parameter("n", 1, 1, 3),), ())
    assert reading.idea is not None
    assert (reading.idea.slug, reading.idea.title, reading.idea.parameters) == (
        "snippet:3",
        "mine",
        reading.parameters,
    )


def test_anything_else_is_a_program_whose_constants_can_be_set() -> None:
    reading = read_snippet(PROGRAM, MIXER)
    assert (reading.kind, reading.idea, reading.remarks) == ("program", None, ())
    assert reading.parameters == (Parameter("steps", 10), Parameter("mode", "a"))


def test_of_a_program_only_what_is_named_can_be_set_where_something_is() -> None:
    reading = read_snippet(PROGRAM, named="steps in 1..20")
    assert reading.parameters == (Parameter("steps", 10, 1, 20),)


def test_code_that_reports_figures_itself_is_a_program_though_it_has_a_mixer() -> None:
    code = "def f(q, k, v): return v\nreport('x', 1)\n"
    assert read_snippet(code, MIXER).kind == "program"
    own = "def report(name, value): ...\ndef f(q, k, v):\n    report('x', 1)\n    return v\n"
    assert read_snippet(own, MIXER).kind == "variant"


def test_a_function_that_nearly_fits_is_a_program_and_the_reason_is_told() -> None:
    reading = read_snippet("def f(q, k, v, gain): return v\n", MIXER)
    assert reading.kind == "program"
    (remark,) = reading.remarks
    assert remark.startswith("it runs as a program: the argument gain of f has no default")


def test_what_cannot_be_set_and_what_would_fit_too_is_told() -> None:
    code = "def one(q, k, v): ...\ndef two(q, k, v, state=None, *, eps=1 / 3): ...\n"
    assert read_snippet(code, MIXER).remarks == (
        "the argument eps of two cannot be set: its default is no number, switch or word",
        "what runs is two; one would fit too",
    )


@pytest.mark.parametrize("code", [PROGRAM, "def f(q, k, v): ..."])
def test_a_name_that_is_not_in_the_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidQueryError, match="the code has no parameter 'rate'"):
        read_snippet(code, MIXER, named="rate = 1")


def test_a_program_is_filled_with_what_is_given_and_with_named_defaults() -> None:
    parameters = read_snippet(PROGRAM, named="steps = 5 in 1..20; mode of a | b").parameters
    assert fill_program(PROGRAM, parameters, {"mode": "b"}, "mine") == "steps = 5\nmode = 'b'\nreport('x', steps)\n"
    for given, message in (
        ({"steps": "21"}, r"steps of mine must be a whole number in 1\.\.20, not 21"),
        ({"rate": 1}, "mine has no parameter 'rate': it has steps, mode"),
    ):
        with pytest.raises(InvalidQueryError, match=message):
            fill_program(PROGRAM, parameters, given, "mine")
