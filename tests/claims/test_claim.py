"""The one rule by which measured and bound become a verdict, and which draw speaks for all of them."""

import math
from dataclasses import replace

import pytest

from kb.claims import verify
from kb.claims.claim import Claim, Measurement, find_worst, judge, opposite
from kb.claims.draw import Draw
from kb.records import Evidence

NOTHING = Claim(
    id="nothing",
    statement="Nothing is claimed.",
    kind="equality",
    between=(),
    evidence=Evidence("arxiv:1706.03762", "nowhere"),
    inputs="the seed",
    bound=10.0,
    why_bound="none",
    family="attention",
    check=lambda subject, draw: Measurement(subject(draw.seed), f"seed {draw.seed}"),
    subject=float,
    wrong_variants={},
    executes=(),
    draws=4,
)


@pytest.mark.parametrize(
    ("measured", "holds", "verdict"),
    [
        (0.0, "at most", "verified"),
        (1e-12, "at most", "verified"),
        (1.0000001e-12, "at most", "refuted"),
        (math.nan, "at most", "inconclusive"),
        (math.inf, "at most", "inconclusive"),
        (1e-12, "at least", "verified"),
        (0.9e-12, "at least", "refuted"),
        (math.inf, "at least", "inconclusive"),
    ],
)
def test_the_verdict_follows_from_measured_and_bound(measured, holds, verdict):
    assert judge(measured, 1e-12, holds) == verdict


def test_the_worst_of_figures_does_not_pass_over_what_is_no_number():
    assert find_worst([0.1, 0.3, 0.2]) == 0.3
    assert find_worst([0.1, 0.3, 0.2], "at least") == 0.1
    assert math.isnan(find_worst([0.1, math.nan, 0.2]))


def test_the_opposite_of_a_verdict():
    assert (opposite("verified"), opposite("refuted")) == ("refuted", "verified")


@pytest.mark.parametrize(
    ("holds", "expected", "measured"),
    [
        # the seeds are 0, 1, 2, 3 and the figure is the seed: the one that speaks most against what is expected
        ("at most", "verified", 3),
        ("at most", "refuted", 0),
        ("at least", "verified", 0),
        ("at least", "refuted", 3),
    ],
)
def test_the_least_favourable_draw_speaks_for_all(monkeypatch, holds, expected, measured):
    claim = replace(NOTHING, holds=holds, expected=expected)
    monkeypatch.setattr(verify, "get_claim", lambda id: claim)
    monkeypatch.setattr(verify, "hash_code", lambda claim: "")

    verdict = verify.run_claim("nothing")

    assert verdict.measured == measured
    assert verdict.detail == f"seed {measured}"
    assert verdict.figures == (0, 1, 2, 3)


def test_one_draw_that_is_no_number_spoils_all(monkeypatch):
    claim = replace(NOTHING, subject=lambda seed: math.nan if seed == 2 else 0.0)
    monkeypatch.setattr(verify, "get_claim", lambda id: claim)
    monkeypatch.setattr(verify, "hash_code", lambda claim: "")

    verdict = verify.run_claim("nothing")

    assert (verdict.verdict, verdict.measured, verdict.figures) == ("inconclusive", None, (0, 0, None, 0))


def test_a_claim_that_fails_in_single_precision_only_is_refuted(monkeypatch):
    def check(subject, draw: Draw) -> Measurement:
        return Measurement(float(draw.normal(1).to(draw.dtype).element_size()))

    claim = replace(NOTHING, check=check, bound=8.0, bound_single=3.0)
    monkeypatch.setattr(verify, "get_claim", lambda id: claim)
    monkeypatch.setattr(verify, "hash_code", lambda claim: "")

    verdict = verify.run_claim("nothing")

    assert (verdict.verdict, verdict.measured, verdict.bound) == ("refuted", 4.0, 3.0)
    assert "in float32 4" in verdict.detail


def test_every_draw_has_to_reject_a_wrong_variant(monkeypatch):
    claim = replace(NOTHING, wrong_variants={"always": lambda seed: 11.0, "once": lambda seed: 11.0 * (seed == 1)})
    monkeypatch.setattr(verify, "get_claim", lambda id: claim)
    monkeypatch.setattr(verify, "hash_code", lambda claim: "")

    verdicts = dict(verify.run_wrong_variants("nothing"))

    assert {name: one.verdict for name, one in verdicts.items()} == {"always": "refuted", "once": "verified"}
