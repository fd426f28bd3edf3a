"""One verdict from several claims."""

import pytest

from kb.graph.standing import judge_claims, judge_ideas
from kb.records import Executed, VerdictName
from tests.graph.examples import make_claim, make_verdict


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
