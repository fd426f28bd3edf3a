"""What comes out of a confined process is doubted: only figures count, all of them, and never a word of its own."""

from dataclasses import replace

import pytest

from kb.claims.own.judging import judge_run
from kb.claims.own.reading import read_claim
from kb.records import ClaimCard, RunResult
from tests.own_claims import write_claim

CARD = replace(read_claim(write_claim()), id="own:3")
GOOD = {"double": [0.0, 1e-16, 2e-16], "detail": ["", "", "the last"]}
BAD = {"double": [1.0, 1.0, 1.0], "detail": []}


def judged(card: ClaimCard = CARD, status: str = "ok", message: str = "", **figures: object):
    result = RunResult(status, figures=figures, wall_s=0.5, message=message, versions={"torch": "2"})  # type: ignore[arg-type]
    return judge_run(card, result, seed=4)


def variants(**of: object) -> dict[str, object]:
    return {"one instead of zero": of}


def test_a_verdict_follows_from_the_figures_and_the_bound():
    verdict, found = (outcome := judged(claim=GOOD, variants=variants(**BAD))).verdict, dict(outcome.variants)

    assert (verdict.claim, verdict.verdict, verdict.measured, verdict.bound) == ("own:3", "verified", 2e-16, 1e-12)
    assert (verdict.detail, verdict.seed, verdict.seconds) == ("the last", 4, 0.5)
    assert verdict.figures == (0.0, 1e-16, 2e-16)
    assert verdict.code_hash == CARD.code_hash
    assert verdict.versions == {"torch": "2"}
    assert (found["one instead of zero"].verdict, found["one instead of zero"].expected) == ("refuted", "refuted")


def test_one_draw_of_many_refutes():
    assert judged(claim={"double": [0.0, 1e-11, 0.0]}, variants=variants(**BAD)).verdict.verdict == "refuted"


def test_a_claim_that_takes_a_wrong_variant_for_right_proves_nothing():
    verdict = judged(claim=GOOD, variants=variants(**GOOD)).verdict

    assert verdict.verdict == "inconclusive"
    assert "does not reject 'one instead of zero', so it proves nothing" in verdict.detail


def test_a_wrong_variant_has_to_be_rejected_by_every_draw():
    assert judged(claim=GOOD, variants=variants(double=[1.0, 1.0, 0.0])).verdict.verdict == "inconclusive"


def test_a_verdict_that_the_program_reports_is_not_read():
    forged = {"double": [], "verdict": "verified", "measured": 0.0}
    outcome = judged(claim=forged, verdict="verified", variants=variants(verdict="refuted"))

    assert outcome.verdict.verdict == "inconclusive"
    assert outcome.verdict.detail == "0 figures of 3 draws were reported"


@pytest.mark.parametrize(
    "values",
    [
        ["NaN", "NaN", "NaN"],
        ["0.0", "0.0", "0.0"],
        [True, False, False],
        [None, 0.0, 0.0],
        [[0.0], [0.0], [0.0]],
        [10**400, 0.0, 0.0],
        ["Infinity", 0.0, 0.0],
        [{"value": 0.0}] * 3,
    ],
)
def test_figures_that_are_no_numbers_decide_nothing(values: list[object]):
    outcome = judged(claim={"double": values}, variants=variants(**BAD))

    assert (outcome.verdict.verdict, outcome.verdict.measured) == ("inconclusive", None)


@pytest.mark.parametrize("reported", [None, 3, "verified", [0.0], {"double": 0.0}, {"double": "000"}])
def test_reports_of_another_shape_decide_nothing(reported: object):
    outcome = judged(claim=reported, variants=reported)

    assert outcome.verdict.verdict == "inconclusive"
    assert [one.verdict for _, one in outcome.variants] == ["inconclusive"]


@pytest.mark.parametrize("count", [2, 4, 5000])
def test_there_must_be_as_many_figures_as_draws(count: int):
    outcome = judged(claim={"double": [0.0] * count}, variants=variants(**BAD))

    assert outcome.verdict.verdict == "inconclusive"
    assert len(outcome.verdict.figures) <= CARD.draws


def test_a_run_that_did_not_end_well_is_inconclusive_whatever_it_reported():
    outcome = judged(status="timeout", message="longer than 30 s", claim=GOOD, variants=variants(**BAD))

    assert outcome.verdict.verdict == "inconclusive"
    assert outcome.verdict.detail == "it did not come to its end: longer than 30 s"


@pytest.mark.parametrize("status", ["refused", "cancelled"])
def test_what_was_not_run_has_no_verdict(status: str):
    assert judged(status=status, claim=GOOD).verdict.verdict == "not_run"


def test_float32_counts_where_the_claim_has_a_bound_for_it():
    card = replace(CARD, bound_single=1e-5)
    wrong = variants(**BAD, single=[1.0] * 3)

    assert judged(card, claim=GOOD, variants=wrong).verdict.verdict == "inconclusive"
    good = judged(card, claim={**GOOD, "single": [1e-7] * 3}, variants=wrong)
    assert (good.verdict.verdict, good.verdict.bound) == ("verified", 1e-12)
    assert "in float32 1e-07" in good.verdict.detail
    bad = judged(card, claim={**GOOD, "single": [1e-7, 1e-4, 0.0]}, variants=wrong)
    assert (bad.verdict.verdict, bad.verdict.measured, bad.verdict.bound) == ("refuted", 1e-4, 1e-5)


def test_a_wrong_variant_that_raises_is_not_rejected():
    outcome = judged(claim=GOOD, variants=variants(error="ValueError: \x1b[31mno"))

    assert outcome.verdict.verdict == "inconclusive"
    assert outcome.variants[0][1].detail == "ValueError: [31mno"


def test_only_small_examples_of_numbers_are_kept():
    card = replace(CARD, has_example=True)
    small = {"inputs": {"q": [[1.0], [2.0]]}, "outputs": {"a": [0.0], "b": 1.0}}

    def example(reported: object):
        return judged(card, claim=GOOD, variants=variants(**BAD), example=reported).verdict.example

    found = example(small)
    assert found is not None
    assert (found.inputs, found.outputs) == (small["inputs"], small["outputs"])
    deep: list[object] = [1.0]
    for _ in range(9):
        deep = [deep]
    for wrong in ("text", {"q": "<b>"}, {"q": [0.0] * 65}, {"q" * 41: 1.0}, {}, {"q": deep}, {"q": ["NaN"]}):
        assert example({**small, "inputs": wrong}) is None
    assert example(None) is None
