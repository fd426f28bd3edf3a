"""Claims are executed, listed and held against what is expected."""

from dataclasses import replace
from pathlib import Path

import pytest

from kb.claims.fast_weights import outer_products
from kb.claims.registry import _load_claims, list_claims
from tests.cli.conftest import Stemma

CLAIM = "linear-attention-is-a-fast-weight-programmer"
FIELDS = ["id", "statement", "expected", "verdict", "measured", "bound", "seconds", "between"]


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


def _forget_claims() -> None:
    _load_claims.cache_clear()
    list_claims.cache_clear()
