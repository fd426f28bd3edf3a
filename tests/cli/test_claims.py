"""Claims are executed, listed and held against what is expected."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kb.claims.fast_weights import outer_products
from kb.claims.registry import _load_claims, list_claims
from tests.cli.conftest import Stemma

CLAIM = "linear-attention-is-a-fast-weight-programmer"
FIELDS = [
    *("id", "statement", "expected", "verdict", "measured", "bound", "seconds", "between"),
    *("kind", "family", "cost", "holds", "stale", "figures", "detail", "seed", "code_hash", "versions"),
]
SEPARATION = "gated-delta-rule-takes-its-error-before-it-fades"


def test_the_list_runs_nothing(stemma: Stemma) -> None:
    document = stemma("verify", "--list", "--json").document
    assert list(document) == ["claims", "summary"]
    assert [list(claim) for claim in document["claims"]] == [FIELDS] * len(document["claims"])
    assert {claim["verdict"] for claim in document["claims"]} == {"not_run"}
    assert document["summary"]["not_run"] == document["summary"]["claims"] == len(document["claims"])


def test_a_claim_is_executed_and_its_verdict_kept(stemma: Stemma, own_db: Path) -> None:
    outcome = stemma("verify", CLAIM, "--json", db=own_db)
    (claim,) = outcome.document["claims"]
    assert (outcome.code, claim["verdict"], claim["expected"]) == (0, "verified", "verified")
    assert claim["measured"] <= claim["bound"]
    assert claim["between"] == ["fast-weight-programmer", "linear-attention"]
    assert outcome.document["summary"]["as_expected"] == 1
    listed = stemma("verify", "--list", "--family", "fast-weights", db=own_db).out
    assert f"✓ verified  {CLAIM}" in listed
    assert "measured" in listed


def test_claims_are_chosen_by_cost_and_family(stemma: Stemma) -> None:
    chosen = stemma("verify", "--list", "--cost", "exact", "--family", "recurrence", "--json").document["claims"]
    assert "rwkv-parallel-is-recurrent" in [claim["id"] for claim in chosen]
    every = stemma("verify", "--list", "--json").document["claims"]
    assert 0 < len(chosen) < len(every)


def test_a_verdict_that_nobody_expected_is_exit_code_1(
    stemma: Stemma, own_db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = [replace(claim, expected="refuted") if claim.id == CLAIM else claim for claim in outer_products.CLAIMS]
    monkeypatch.setattr(outer_products, "CLAIMS", tuple(wrong))
    _forget_claims()
    try:
        outcome = stemma("verify", CLAIM, "--json", db=own_db)
    finally:
        _forget_claims()
    assert outcome.code == 1
    assert outcome.document["summary"]["as_expected"] == 0
    assert outcome.complaints[-1] == f"stemma: 1 verdict not as expected: {CLAIM}"


def test_wrong_variants_are_run_and_named(stemma: Stemma, own_db: Path) -> None:
    outcome = stemma("verify", SEPARATION, "--mutants", "--json", db=own_db)
    (claim,) = outcome.document["claims"]
    assert outcome.code == 0
    assert claim["verdict"] == claim["expected"] == "refuted"
    assert [one["rejected"] for one in claim["wrong_variants"]] == [True] * 3
    assert outcome.document["summary"]["wrong_variants"] == 3
    assert outcome.document["summary"]["survivors"] == 0


def test_a_wrong_variant_that_survives_is_exit_code_1(
    stemma: Stemma, own_db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = outer_products.CLAIMS[0]
    blind = replace(right, wrong_variants={"the right thing": right.subject})
    monkeypatch.setattr(outer_products, "CLAIMS", (blind,))
    _forget_claims()
    try:
        outcome = stemma("verify", CLAIM, "--mutants", "--json", db=own_db)
    finally:
        _forget_claims()
    assert outcome.code == 1
    assert outcome.document["summary"]["survivors"] == 1
    assert outcome.complaints[-1] == f"stemma: 1 wrong variant not rejected: {CLAIM}: the right thing"


def test_a_belief_that_fails_shows_the_smallest_input(stemma: Stemma, own_db: Path) -> None:
    shown = stemma("verify", SEPARATION, db=own_db).out
    assert "✗ refuted, as expected" in shown
    assert "beta = [0.5, 0.5]" in shown
    assert "gated delta rule = [0, 0.125]" in shown


def test_what_is_known_since_a_day_is_not_run_again(stemma: Stemma, own_db: Path) -> None:
    assert stemma("verify", CLAIM, "--since", "2020-01-01", "--json", db=own_db).document["summary"]["claims"] == 1
    assert stemma("verify", CLAIM, "--since", "2020-01-01", "--json", db=own_db).document["summary"]["claims"] == 0
    assert stemma("verify", CLAIM, "--since", "2999-01-01", "--json", db=own_db).document["summary"]["claims"] == 1
    assert "up to date" in stemma("verify", CLAIM, "--since", "2020-01-01", db=own_db).out


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--since", "yesterday", "'yesterday' is no date; write 2026-11-01"),
        ("--report", "verdicts.txt", "ends in neither .md nor .json"),
        ("--cost", "cheap", "is not one of exact, trend, long"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(stemma: Stemma, option: str, value: str, said: str) -> None:
    outcome = stemma("verify", option, value)
    assert outcome.code == 2
    assert said in outcome.complaints[-1]


@pytest.mark.parametrize("ending", ["md", "json"])
def test_a_report_is_written_to_a_file(stemma: Stemma, own_db: Path, tmp_path: Path, ending: str) -> None:
    report = tmp_path / f"verdicts.{ending}"
    assert stemma("verify", CLAIM, "--mutants", "--report", str(report), db=own_db).code == 0
    text = report.read_text(encoding="utf-8")
    assert CLAIM in text
    if ending == "md":
        assert "1 of 1 as expected" in text
        assert "| ✓ verified |" in text
        assert "| 7 of 7 |" in text
    else:
        assert json.loads(text)["summary"]["verified"] == 1


def _forget_claims() -> None:
    _load_claims.cache_clear()
    list_claims.cache_clear()
