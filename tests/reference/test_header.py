"""The syntax of the literate header."""

import pytest

from kb.errors import InvalidQueryError
from kb.records import Parameter
from kb.reference.header import (
    FORMS,
    GATED,
    LABELS,
    OUTPUTS,
    WEIGHTED,
    Gate,
    Weight,
    parse_gates,
    parse_header,
    parse_parameters_section,
    parse_weights,
    speak_form,
)

HEADER = "A title: and more.\n\n" + "\n".join(f"{label:<12}text of {label}" for label in LABELS)


def test_lines_of_a_label_are_joined_but_those_of_an_equation_stay_apart():
    text = HEADER.replace("text of Form", "block")
    text = text.replace("text of Idea", "one\n            two").replace("text of Equation", "$$ a\n            b $$")

    title, sections = parse_header(text)

    assert title == "A title: and more"
    assert sections["Idea"] == "one two"
    assert sections["Equation"] == "$$ a\nb $$"
    assert list(sections) == list(LABELS)


def test_a_missing_label_is_named():
    with pytest.raises(InvalidQueryError, match="no label Checked"):
        parse_header(HEADER.partition("Checked")[0])


@pytest.mark.parametrize("label", ["Gates", "Weights"])
def test_gates_and_weights_may_be_left_out(label):
    text = HEADER.replace("text of Form", "norm").replace(f"\n{label:<12}text of {label}", "")

    assert label not in parse_header(text)[1]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_known_and_says_what_its_output_is(form):
    assert parse_header(HEADER.replace("text of Form", form))[1]["Form"] == form
    assert len(OUTPUTS[form]) >= 2


def test_a_form_that_nobody_knows_is_refused_with_those_that_are_known():
    with pytest.raises(InvalidQueryError, match=r"Form is 'mixers': write one of mixer, position, features, norm"):
        parse_header(HEADER.replace("text of Form", "mixers"))


def test_tables_of_forms_speak_of_the_same_forms():
    assert FORMS.keys() == OUTPUTS.keys()
    assert FORMS.keys() >= GATED | WEIGHTED


def test_forms_are_spoken_of_with_their_article():
    spoken = [speak_form(form) for form in ("mixer", "features", "feed-forward", "objective")]

    assert spoken == ["a mixer", "a feature map", "a feed-forward network", "an objective"]


def test_gates_have_dimensions_a_range_and_perhaps_a_neutral_value():
    text = "beta, eta (B, T, H) 0..1 (beta=1 gives deltanet); decay (B, T, H, K) 0.5..1; lag (H) -1..-0.5"

    assert parse_gates(text) == (
        Gate("beta", ("B", "T", "H"), 0.0, 1.0, "beta=1 gives deltanet"),
        Gate("eta", ("B", "T", "H"), 0.0, 1.0, "beta=1 gives deltanet"),
        Gate("decay", ("B", "T", "H", "K"), 0.5, 1.0),
        Gate("lag", ("H",), -1.0, -0.5),
    )
    assert parse_gates("") == ()


@pytest.mark.parametrize("text", ["beta", "beta (B, T)", "beta (B, T) one", "beta B, T 0..1", "beta (B) 0..1 of a"])
def test_a_gate_that_cannot_be_read_is_quoted(text):
    with pytest.raises(InvalidQueryError, match="Gates cannot be read at"):
        parse_gates(text)


def test_weights_share_dimensions_and_start():
    assert parse_weights("w_q, w_k (D, D); b (F) zero; g (D) one; m (D) -5..3; f (D) -1.2; a (n) 1..0.5") == (
        Weight("w_q", ("D", "D"), "normal"),
        Weight("w_k", ("D", "D"), "normal"),
        Weight("b", ("F",), "zero"),
        Weight("g", ("D",), "one"),
        Weight("m", ("D",), "-5..3"),
        Weight("f", ("D",), "-1.2"),
        Weight("a", ("n",), "1..0.5"),
    )


def test_no_weights_are_none():
    assert parse_weights("") == ()


def test_parameters_have_default_range_choices_and_neutral_value():
    text = "n = 2 in 1..8 (n=1 gives pre-ln); eps = 1e-5 in 0..0.1; form = a of a | b_c; causal = true; eta = 0.01"

    assert parse_parameters_section(text) == (
        Parameter("n", 2, 1.0, 8.0, neutral="n=1 gives pre-ln"),
        Parameter("eps", 1e-5, 0.0, 0.1),
        Parameter("form", "a", choices=("a", "b_c")),
        Parameter("causal", True),
        Parameter("eta", 0.01),
    )


@pytest.mark.parametrize("text", ["n", "n = 2 in 1-8", "= 3", "n = 2 to 8"])
def test_a_parameter_that_cannot_be_read_is_quoted(text):
    with pytest.raises(InvalidQueryError, match="cannot be read at"):
        parse_parameters_section(text)
