"""One verdict from several claims."""

from dataclasses import replace

import pytest

from kb.graph.standing import judge_claims, judge_ideas, tell_layers
from kb.records import Citation, EdgeLayers, Executed, Verdict, VerdictName
from tests.graph.examples import make_claim, make_concept, make_edge, make_verdict


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("verified", "inconclusive", "refuted"), "refuted"),
        (("verified", "inconclusive"), "inconclusive"),
        (("not_run", "verified"), "verified"),
        ((), "not_run"),
    ],
)
def test_the_graver_verdict_outranks(given: tuple[VerdictName, ...], expected: VerdictName) -> None:
    verdicts = {str(number): make_verdict(str(number), name) for number, name in enumerate(given)}
    assert judge_claims([*verdicts, "never run"], verdicts) == (expected, False)


def test_only_the_verdict_that_decides_makes_the_answer_stale() -> None:
    verdicts = {"a": make_verdict("a", "verified", stale=True), "b": make_verdict("b", "refuted")}
    assert judge_claims("ab", verdicts) == ("refuted", False)
    assert judge_claims("a", verdicts) == ("verified", True)


def test_only_a_claim_about_one_idea_colours_it() -> None:
    claims = (make_claim("alone", "rwkv"), make_claim("pair", "rwkv", "aft"), make_claim("never", "gelu"))
    verdicts = (make_verdict("alone", "verified"), make_verdict("pair", "refuted"))
    assert judge_ideas(Executed(claims=claims, verdicts=verdicts)) == {
        "concept:rwkv": ("verified", False),
        "concept:gelu": ("not_run", False),
    }


def _belief(claim: str, verdict: VerdictName = "refuted") -> Verdict:
    return replace(make_verdict(claim, verdict), expected="refuted")


@pytest.mark.parametrize(
    ("found", "states_them", "expected"),
    [
        ([_belief("a")], False, "verified"),
        ([_belief("a")], True, "refuted"),
        ([make_verdict("a", "verified"), _belief("b")], True, "verified"),
        ([make_verdict("a", "verified"), _belief("b", "verified")], False, "refuted"),
        ([make_verdict("a", "refuted"), _belief("b")], False, "refuted"),
        ([_belief("a", "inconclusive")], True, "inconclusive"),
    ],
)
def test_a_belief_that_is_refuted_as_expected_speaks_for_what_is_known(
    found: list[Verdict], states_them: bool, expected: VerdictName
) -> None:
    verdicts = {one.claim: one for one in found}
    assert judge_claims(verdicts, verdicts, states_them=states_them) == (expected, False)


def test_an_edge_stands_in_three_layers() -> None:
    concepts = [
        make_concept(slug, by=paper) for slug, paper in (("old", "p"), ("mid", "q"), ("new", "r"), ("lone", ""))
    ]
    citations = [Citation(citing="q", cited="p"), Citation(citing="r", cited="q"), Citation(citing="p", cited="p")]
    edges = [
        make_edge("old", "mid", "equals", claims=("holds", "belief", "never")),
        make_edge("old", "new", "equals", claims=("belief",)),
        make_edge("new", "old", claims=("fails",)),
        make_edge("old", "lone"),
    ]
    verdicts = {
        "holds": make_verdict("holds", "verified", stale=True),
        "belief": _belief("belief"),
        "fails": make_verdict("fails", "refuted"),
    }
    assert tell_layers(edges, concepts, citations, verdicts) == [
        EdgeLayers("old", "mid", "equals", 1, "verified", stale=True, verified=1, refuted=1, waiting=1),
        EdgeLayers("old", "new", "equals", 2, "refuted", refuted=1),
        EdgeLayers("new", "old", "extends", 0, "refuted", unexpected=1),
        EdgeLayers("old", "lone", "extends", None, ""),
    ]
