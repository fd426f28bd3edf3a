"""What is known comes out by itself, and vanishes where an idea is written wrongly."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from kb.records import Discovery, Idea
from kb.reference.registry import get_idea
from tests.claims.discovery.conftest import brief, list_briefly

Search = Callable[..., Discovery]

KNOWN = {
    "retention at gamma one is the sum rule, linear attention with the identity as features": brief(
        "special case", ("fast-weight-programmer",), ("retention", "rotation = none", "decay = 1")
    ),
    "the gated delta rule at gate one is the delta rule": brief(
        "special case", ("delta-rule",), ("gated-delta-rule", "normalise = none", "decay = 1")
    ),
    "the delta rule with orthonormal keys is the sum rule": brief(
        "agreement", ("fast-weight-programmer",), ("delta-rule", "beta = 1"), "keys-orthonormal"
    ),
    "the delta rule that does not read is the sum rule": brief(
        "special case", ("fast-weight-programmer",), ("delta-rule", "read = false", "beta = 1")
    ),
    "the mesa layer's limit is the sum rule": brief("limit", ("fast-weight-programmer",), ("mesa-layer", "lam to 0")),
    "a decay for every channel, alike in all, is one decay": brief(
        "special case",
        ("state-space-duality",),
        ("gated-linear-attention", "decay the same for all key channels"),
    ),
    "whatever averages gives the value where all values are alike": brief(
        "agreement", ("linear-attention",), ("scaled-dot-product-attention",), "values-alike"
    ),
    "flash attention is attention": brief("equal", ("flash-attention",), ("scaled-dot-product-attention",)),
    "one group of keys is attention where all heads share theirs": brief(
        "agreement", ("multi-query-attention",), ("scaled-dot-product-attention",), "heads-alike"
    ),
    "attention free of queries averages as well, and halves": brief(
        "agreement",
        ("attention-free-transformer",),
        ("scaled-dot-product-attention",),
        *("values-alike", "queries-zero"),
    ),
    "RMSNorm is layer normalisation of what is centred": brief(
        "agreement", ("rms-norm",), ("layer-normalisation", "b = 0"), "centred"
    ),
    "RMSNorm is layer normalisation that does not centre": brief(
        "special case", ("rms-norm",), ("layer-normalisation", "centre = false", "b = 0")
    ),
    "a gate that is its own input squares": brief(
        "meeting",
        ("gated-linear-unit", "activation = relu", "b_1 = 0", "b_3 = 0", "w_3 = w_1"),
        ("squared-relu", "b_1 = 0", "b_2 = 0"),
    ),
    "without positions all position schemes are one": brief(
        "meeting", ("rotary-positions", "fraction = 0"), ("sinusoidal-positions", "amplitude = 0")
    ),
    "attention to the present alone is a gated recurrent unit": brief(
        "meeting", ("additive-attention", "sees = present"), ("gru", "b_u = 0")
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_comes_out_by_itself(search: Search, name: str) -> None:
    ideas = sorted(idea for idea, _ in KNOWN[name][1])  # type: ignore[attr-defined]
    found = search(*ideas)
    told = [one for one in found.relations if list_briefly(replace(found, relations=(one,))) == {KNOWN[name]}]
    assert len(told) == 1, list_briefly(found)
    assert told[0].trials >= 3
    assert told[0].measured <= (0.05 if told[0].kind == "limit" else told[0].bound)


def test_a_limit_tells_its_rate_and_its_factor(search: Search) -> None:
    found = search("fast-weight-programmer", "mesa-layer")
    (limit,) = [one for one in found.relations if one.kind == "limit"]
    assert limit.factor == "1 / lam"
    assert limit.rate == pytest.approx(1.0, abs=0.05)
    half = next(one for one in found.relations if one.condition_names == ("keys-orthonormal",))
    assert {half.sides[0].idea, half.factor} == {"fast-weight-programmer", "2"}


MISTAKES = {
    "the memory always fades": (
        "gated-delta-rule",
        "delta-rule",
        ("S = decay[:, t, :, None, None] * S", "S = 0.9 * decay[:, t, :, None, None] * S"),
        ("log_b = decay.log()", "log_b = (0.9 * decay).log()"),
    ),
    "the error has the wrong sign": (
        "delta-rule",
        "gated-delta-rule",
        ("error = v[:, t] - old", "error = v[:, t] + old"),
    ),
    "magnitudes for squares": ("layer-normalisation", "rms-norm", ("centred.square()", "centred.abs()")),
    "the error is divided by the norm": (
        "mesa-layer",
        "fast-weight-programmer",
        ("known = 1 + ", "known = 2 + "),
        ("(lam * identity)", "(lam + identity)"),
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_takes_the_relation_away(search: Search, name: str) -> None:
    slug, other, *changes = MISTAKES[name]
    idea = get_idea(slug)
    right = search(idea, other)
    code = idea.code
    for before, after in changes:
        assert before in code
        code = code.replace(before, after)
    wrong = search(replace(idea, code=code), other)
    exact = {"equal", "special case", "meeting", "limit"}
    assert {one.kind for one in right.relations} & exact
    assert not {one.kind for one in wrong.relations} & exact


def test_conditions_are_the_weakest(search: Search) -> None:
    found = search("delta-rule", "fast-weight-programmer")
    asked = [(one.condition_names, one.sides[0].settings + one.sides[1].settings) for one in found.relations]
    for conditions, settings in asked:
        more = [(c, s) for c, s in asked if (c, s) != (conditions, settings)]
        assert not [1 for c, s in more if set(c) <= set(conditions) and set(s) <= set(settings)]


def test_the_order_has_direct_steps_only(search: Search) -> None:
    found = search("delta-rule", "fast-weight-programmer", "gated-delta-rule")
    above = {one.ideas: [found.order[place].ideas for place in one.above] for one in found.order}
    assert above == {
        ("gated-delta-rule",): [],
        ("delta-rule",): [("gated-delta-rule",)],
        ("fast-weight-programmer",): [("delta-rule",)],
    }


def test_another_seed_finds_the_same(search: Search) -> None:
    ideas: tuple[Idea | str, ...] = ("layer-normalisation", "rms-norm", "group-normalisation")
    assert list_briefly(search(*ideas, seed=3)) == list_briefly(search(*ideas))
