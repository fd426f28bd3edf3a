"""A user's function as an idea: what it takes, from whom the rest comes, and what is refused."""

import ast
import dataclasses
import textwrap

import pytest

from kb.errors import InvalidQueryError
from kb.records import DRAWN, Parameter
from kb.reference.comparing import build_compare_program
from kb.reference.program import build_run_program
from kb.reference.registry import get_idea, list_ideas
from kb.reference.variant import parse_variant
from kb.reference.variant.variant import NoVariantError

MIXER = get_idea("linear-attention")
GATED = get_idea("gated-delta-rule")
BLOCK = get_idea("pre-ln")
NORM = get_idea("layer-normalisation")


def written(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


def test_a_function_without_a_word_about_itself_takes_everything_from_what_it_is_like() -> None:
    code = written("""
        def mine(q, k, v, beta, decay, state=None, *, form="chunkwise", chunk=1000, rate=0.5, eps=1 / 3):
            return v
    """)
    idea = parse_variant(code, GATED, slug="snippet:7", title="mine")
    assert (idea.slug, idea.title, idea.function, idea.form) == ("snippet:7", "mine", "mine", "mixer")
    assert idea.gates == tuple(dataclasses.replace(gate, neutral="") for gate in GATED.gates)
    assert idea.parameters == (
        Parameter("form", "chunkwise", choices=("recurrent", "chunkwise")),
        # beyond the range of the shipped one, so without a range
        Parameter("chunk", 1000),
        Parameter("rate", 0.5),
    )
    assert build_run_program(idea, {"rate": 2, "beta": 1, "T": 4})


def test_only_the_gates_that_the_function_takes_are_passed() -> None:
    assert [one.name for one in parse_variant("def f(q, k, v, decay): return v", GATED).gates] == ["decay"]
    assert parse_variant("def f(q, k, v): return v", GATED).gates == ()
    assert [one.name for one in parse_variant("def f(q, k, v, **rest): return v", GATED).gates] == ["beta", "decay"]
    given = parse_variant("def f(q, k, v, beta=0.5, decay=None): return v", GATED)
    assert ([one.name for one in given.gates], given.parameters) == (["decay"], (Parameter("beta", 0.5),))


def test_weights_come_from_what_it_is_like_where_the_function_takes_them() -> None:
    assert parse_variant("def f(x, w): return x", BLOCK).sections["Weights"] == BLOCK.sections["Weights"]
    assert "Weights" not in parse_variant("def f(x): return x", BLOCK).sections
    assert parse_variant("def f(x, **rest): return x", BLOCK).sections["Weights"]
    own = parse_variant('"""Mine.\n\nWeights  u (D, D); b (D) zero\n"""\ndef f(x, w): return x', BLOCK)
    assert own.sections["Weights"] == "u (D, D); b (D) zero"


def test_what_an_idea_assumes_of_its_input_holds_for_what_is_like_it() -> None:
    crossing = get_idea("batch-normalisation")
    assert parse_variant("def f(x): return x", crossing).sections["Assumes"] == crossing.sections["Assumes"]


@pytest.mark.parametrize("where", ["module", "function"])
def test_labels_of_a_docstring_stand_alone(where: str) -> None:
    labels = written("""
        Mine, in a few words.

        Form        mixer
        Gates       decay (B, T, H) 0.5..1 (decay=1 gives itself);
                    beta (B, T, H) 0..1
        Parameters  rate = 0.25 in 0..1 (rate=0 gives nothing)

        Prose after a blank line belongs to no label.
    """)
    doc = f'"""{labels}"""'
    signature = "def mine(q, k, v, decay, beta, rate=0.5, more=1):"
    code = f"{doc}\n{signature} return v" if where == "module" else f"{signature}\n    {doc}\n    return v"
    idea = parse_variant(code)
    assert [(gate.name, gate.default, gate.low) for gate in idea.gates] == [("decay", DRAWN, 0.5), ("beta", DRAWN, 0)]
    assert idea.gates[0].neutral == "decay=1 gives itself"
    assert idea.parameters == (
        Parameter("rate", 0.25, 0, 1, neutral="rate=0 gives nothing"),
        Parameter("more", 1),
    )


def test_prose_that_begins_with_a_labels_word_is_no_label() -> None:
    code = '"""Mine.\n\nParameters are few.\nForm of attention.\nWeights: none.\n"""\ndef f(q, k, v, n=1): return v'
    assert parse_variant(code).parameters == (Parameter("n", 1),)


def test_what_the_user_names_outranks_the_label_and_the_code() -> None:
    code = '"""M.\n\nParameters  rate = 0.25 in 0..1\n"""\ndef f(q, k, v, *, rate=0.5, n=2): return v'
    idea = parse_variant(code, named="rate = 0.75 in 0.5..1; n in 1..3")
    assert idea.parameters == (Parameter("rate", 0.75, 0.5, 1), Parameter("n", 2, 1, 3))


@pytest.mark.parametrize(
    ("arguments", "form"),
    [("q, k, v", "mixer"), ("k, q", "position"), ("tokens", "objective"), ("v, k, *more, q", "mixer")],
)
def test_inputs_that_only_one_form_has_tell_the_form(arguments: str, form: str) -> None:
    assert parse_variant(f"def f({arguments}): return q").form == form


def test_inputs_of_several_forms_need_a_word() -> None:
    with pytest.raises(NoVariantError, match=r"f takes x: it could be a feature map or a norm or .*'Form  features'"):
        parse_variant("def f(x): return x")
    assert parse_variant("def f(x): return x", NORM).form == "norm"
    assert parse_variant('def f(x):\n    """Form  features"""', NORM).form == "features"


def test_another_form_than_that_of_what_it_is_like_takes_nothing_from_it() -> None:
    idea = parse_variant('def f(q, k, v, *, eps="a"): return v', NORM)
    assert (idea.form, idea.parameters) == ("mixer", (Parameter("eps", "a"),))
    assert set(idea.sections) == {"Form"}


def test_of_several_functions_the_one_named_like_the_idea_counts_then_the_last() -> None:
    two = "def linear_attention(q, k, v): ...\ndef other(q, k, v): ...\ndef _hidden(q, k, v): ...\n"
    assert parse_variant(two, MIXER).function == "linear_attention"
    assert parse_variant(two, GATED).function == "other"
    mixed = "def norm(x): ...\ndef mix(q, k, v): ...\ndef helper(path): ...\n"
    assert parse_variant(mixed, NORM).function == "norm"
    assert parse_variant(mixed, MIXER).function == "mix"


def test_of_two_functions_of_one_name_the_later_counts() -> None:
    code = "def f(q, k, v, *, a=1): ...\ndef f(q, k, v, *, b=2): ...\n"
    assert [one.name for one in parse_variant(code).parameters] == ["b"]


def test_a_parameter_may_have_the_name_of_another_forms_input() -> None:
    assert parse_variant("def f(x, *, k=3, tokens=2): ...", NORM).parameters == (
        Parameter("k", 3),
        Parameter("tokens", 2),
    )


def test_a_name_in_any_script_is_a_name() -> None:
    idea = parse_variant("def 混合(q, k, v, *, 衰减=0.5): return v")
    assert (idea.function, idea.parameters) == ("混合", (Parameter("衰减", 0.5),))


@pytest.mark.parametrize(
    "default", ["1/3", "None", "[]", "1e999", "print", "'a\\nb'", "b'x'", "2j", "'" + 300 * "a" + "'"]
)
def test_a_default_that_is_no_plain_value_is_no_parameter(default: str) -> None:
    assert parse_variant(f"def f(q, k, v, *, odd={default}, n=1): ...").parameters == (Parameter("n", 1),)


@pytest.mark.parametrize(
    ("code", "like", "message"),
    [
        ("x = 1", MIXER, "defines no public function"),
        ("def _f(q, k, v): ...", MIXER, "defines no public function"),
        ("async def f(q, k, v): ...", MIXER, "f is async"),
        ("class Attention:\n    def forward(self, q, k, v): ...", MIXER, "defines the class Attention"),
        ("f = lambda q, k, v: v", MIXER, "defines no public function"),
        ("def f(x, y): ...", MIXER, "no public function of the code takes q, k, v by name, as a mixer does"),
        ("def f(*args): ...", MIXER, "takes q, k, v by name"),
        ("def f(x): ...", get_idea("ulmfit"), "takes nothing but settings by name, as a schedule does"),
    ],
)
def test_code_without_a_function_of_a_form_is_no_variant(code: str, like: object, message: str) -> None:
    with pytest.raises(NoVariantError, match=message):
        parse_variant(code, like)


@pytest.mark.parametrize(
    ("code", "like", "message"),
    [
        ("def f(q, k, v, gain): ...", MIXER, "argument gain of f has no default: give it one, or declare it: 'Gates"),
        ("def f(q, k, v, *, gain): ...", MIXER, "argument gain of f has no default"),
        ("def f(q, k, v, state): ...", MIXER, "argument state of f has no default"),
        ("def f(x, gain): ...", NORM, "argument gain of f has no default: give it one$"),
        ("def f(q, k, v, w): ...", MIXER, "f takes weights w, and a mixer has none: leave w out"),
        ('def f(x, w):\n    """Form  norm"""', None, "f takes weights w: declare them"),
        ("def f(q, k, v, /): ...", MIXER, "no public function"),
        ("def f(gain, /, q, k, v): ...", MIXER, "f takes gain by place only"),
        ("def f(q, k, v, *, T=3): ...", MIXER, "parameter T of f has the name of a size"),
        ('"""M\n\nForm  wheel\n"""\ndef f(q, k, v): ...', MIXER, "label Form says 'wheel': write one of mixer"),
        ('"""M\n\nGates  beta fast\n"""\ndef f(q, k, v, beta): ...', MIXER, "Gates cannot be read at 'beta fast'"),
        ('"""M\n\nGates  beta (B) 0..1\n"""\ndef f(q, k, v): ...', MIXER, "names beta, which f does not take"),
        ('"""M\n\nForm  norm\nWeights  g D\n"""\ndef f(x, w): ...', None, "Weights cannot be read at 'g D'"),
        (
            '"""M\n\nParameters  a = 1\n"""\ndef f(q, k, v): ...',
            MIXER,
            "names 'a', but the function takes no parameter",
        ),
        ("def f(q, k, v):\n  return (", MIXER, "cannot be read in line 2"),
    ],
)
def test_what_cannot_be_called_is_refused_in_one_line(code: str, like: object, message: str) -> None:
    with pytest.raises(InvalidQueryError, match=message) as caught:
        parse_variant(code, like)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("idea", list_ideas(), ids=lambda idea: idea.slug)
def test_shipped_code_without_its_header_is_read_as_it_was(idea) -> None:
    tree = ast.parse(idea.code)
    bare = "\n".join(idea.code.splitlines()[tree.body[0].end_lineno :])
    variant = parse_variant(bare, idea, slug=idea.slug)
    told = [dataclasses.replace(one, neutral="") for one in idea.parameters]
    assert list(variant.parameters) == told
    assert list(variant.gates) == [dataclasses.replace(one, neutral="") for one in idea.gates]
    assert build_compare_program([idea, variant])


@pytest.mark.parametrize("idea", list_ideas(), ids=lambda idea: idea.slug)
def test_shipped_code_with_its_header_needs_nothing_else(idea) -> None:
    variant = parse_variant(idea.code, slug=idea.slug, title=idea.title)
    assert variant.parameters == idea.parameters
    assert variant.gates == tuple(dataclasses.replace(one, neutral=one.neutral) for one in idea.gates)
    assert (variant.form, variant.function, variant.code_hash) == (idea.form, idea.function, idea.code_hash)
