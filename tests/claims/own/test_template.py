"""A claim to begin with: for any two ideas of a form it is read, and where a header says so it is the reduction."""

import types
from itertools import combinations

import pytest
import torch

from kb.claims.claim import Claim, judge
from kb.claims.draw import Draw
from kb.claims.own.neutral import find_reduction
from kb.claims.own.reading import read_claim
from kb.claims.own.template import build_claim_template, make_id
from kb.errors import InvalidQueryError
from kb.records import Idea
from kb.reference.registry import get_idea, list_ideas

torch.set_num_threads(1)

PAIRS = [(one, other) for one, other in combinations(list_ideas(), 2) if one.form == other.form]
VERIFIED = [
    ("gated-delta-rule", "delta-rule"),
    ("deltanet", "delta-rule"),
    ("retention", "fast-weight-programmer"),
    ("linear-attention", "fast-weight-programmer"),
    ("test-time-training-layer", "delta-rule"),
    ("grouped-query-attention", "multi-query-attention"),
    ("residual-dual", "post-ln"),
    ("squared-relu", "position-wise-feed-forward"),
    ("layer-normalisation", "batch-normalisation"),
]


def load(text: str) -> Claim:
    """Return the claim of a template, executed here: it is this house's own text."""
    module = types.ModuleType("template")
    exec(compile(text, "template.py", "exec"), module.__dict__)
    claim: Claim = module.__dict__["CLAIMS"][0]
    return claim


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=[f"{one.slug}, {other.slug}" for one, other in PAIRS])
def test_every_pair_of_a_form_gives_a_file_that_is_read(one: Idea, other: Idea):
    card = read_claim(build_claim_template(one, other))

    assert set(card.between) == {one.slug, other.slug} == set(card.executes)
    assert len(card.wrong_variants) == 1


def test_one_pair_of_every_form_runs_as_it_stands():
    pairs = {one.form: (one, other) for one, other in PAIRS}
    assert len(pairs) >= 8
    for pair in pairs.values():
        claim = load(build_claim_template(*pair))
        for subject in (claim.subject, *claim.wrong_variants.values()):
            assert claim.check(subject, Draw(0)).value >= 0, pair


@pytest.mark.parametrize(("newer", "older"), VERIFIED)
def test_what_a_header_says_comes_out_verified_in_either_order(newer: str, older: str):
    text = build_claim_template(get_idea(older), get_idea(newer), name="A try")
    if find_reduction(get_idea(older), get_idea(newer)) is None:
        assert text == build_claim_template(get_idea(newer), get_idea(older), name="A try")
    claim = load(text)
    (wrong,) = claim.wrong_variants.values()

    assert (claim.id, claim.kind, claim.between) == ("a-try", "reduction", (older, newer))
    for seed in range(3):
        assert judge(claim.check(claim.subject, Draw(seed)).value, claim.bound) == "verified"
        assert judge(claim.check(wrong, Draw(seed)).value, claim.bound) == "refuted"


def test_settings_of_either_side_are_told_apart():
    found = find_reduction(get_idea("gated-delta-rule"), get_idea("delta-rule"))
    assert found is not None
    assert (dict(found.settings), dict(found.of_other)) == ({"decay": 1, "normalise": "none"}, {})

    found = find_reduction(get_idea("linear-attention"), get_idea("fast-weight-programmer"))
    assert found is not None
    assert (dict(found.settings), dict(found.of_other)) == ({"normalise": False}, {"features": "elu"})

    assert find_reduction(get_idea("delta-rule"), get_idea("gated-delta-rule")) is None


def test_two_that_cannot_be_compared_are_refused():
    with pytest.raises(InvalidQueryError, match="have no form in common; name two of one form"):
        build_claim_template(get_idea("lstm"), get_idea("rms-norm"))
    with pytest.raises(InvalidQueryError, match="cannot be compared with itself"):
        build_claim_template(get_idea("lstm"), get_idea("lstm"))


def test_an_id_is_made_of_words():
    assert make_id("My first claim, at β = 1!") == "my-first-claim-at-1"
    assert len(make_id("a" * 200)) == 80
