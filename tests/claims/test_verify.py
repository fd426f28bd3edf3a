"""Claims, end to end: what ships is verified, every wrong variant is refuted, verdicts follow from two numbers."""

import math
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from kb.claims.claim import Measurement, find_worst, judge
from kb.claims.registry import FOLDER, get_claim, hash_code, list_claims
from kb.claims.verify import current_hash, run_claim, run_wrong_variants
from kb.errors import NotFoundError
from kb.records import EDGE_KINDS, FAMILIES
from kb.reference.registry import get_idea

torch.set_num_threads(1)

CARDS = list_claims()
IDS = [card.id for card in CARDS]


def test_the_three_claims_are_found():
    assert IDS == [
        "linear-attention-is-a-fast-weight-programmer",
        "pangu-pi-reduces-to-pre-ln",
        "rwkv-parallel-is-recurrent",
    ]


@pytest.mark.parametrize("card", CARDS, ids=IDS)
def test_a_card_says_what_where_and_why(card):
    assert card.kind in EDGE_KINDS
    assert card.family in FAMILIES
    assert card.wrong_variants
    assert all((card.statement, card.inputs, card.why_bound, card.evidence.paper, card.evidence.locator))
    assert [get_idea(slug).slug for slug in card.between] == list(card.between)


@pytest.mark.parametrize("card", CARDS, ids=IDS)
def test_a_claim_stands_in_the_file_of_its_family(card):
    module = get_claim(card.id).check.__module__

    assert module == f"kb.claims.{card.family.replace('-', '_')}"


@pytest.mark.parametrize("card", CARDS, ids=IDS)
def test_a_claim_executes_what_it_is_between(card):
    assert set(card.between) <= set(get_claim(card.id).executes)


@pytest.mark.parametrize("seed", [0, 1, 20])
@pytest.mark.parametrize("id", IDS)
def test_what_ships_is_verified_with_room_to_spare(id, seed):
    verdict = run_claim(id, seed=seed)

    assert verdict.verdict == verdict.expected == "verified"
    assert verdict.measured is not None
    assert verdict.measured < verdict.bound / 100
    assert verdict.seed == seed
    assert 0 < verdict.seconds < 5
    assert verdict.versions["torch"] == torch.__version__
    assert verdict.ran_at is not None
    assert verdict.ran_at.tzinfo is not None
    assert verdict.code_hash == current_hash(id)


@pytest.mark.parametrize("id", IDS)
def test_every_wrong_variant_is_refuted_by_far(id):
    verdicts = dict(run_wrong_variants(id))

    assert list(verdicts) == list(get_claim(id).wrong_variants)
    for name, verdict in verdicts.items():
        assert (verdict.verdict, verdict.expected) == ("refuted", "refuted"), name
        assert verdict.measured > 0.01, name


@pytest.mark.parametrize("id", IDS)
def test_a_seed_gives_the_same_figure_again(id):
    assert run_claim(id, seed=3).measured == run_claim(id, seed=3).measured


def test_running_a_claim_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    for id in IDS:
        run_claim(id)

    assert torch.equal(torch.rand(1), wanted)


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (0.0, "verified"),
        (1e-12, "verified"),
        (1.0000001e-12, "refuted"),
        (math.nan, "inconclusive"),
        (math.inf, "inconclusive"),
    ],
)
def test_the_verdict_follows_from_measured_and_bound(measured, verdict):
    assert judge(measured, 1e-12) == verdict


def test_the_worst_of_figures_does_not_pass_over_what_is_no_number():
    assert find_worst([0.1, 0.3, 0.2]) == 0.3
    assert math.isnan(find_worst([0.1, math.nan, 0.2]))


@pytest.mark.parametrize("id", IDS)
def test_a_subject_that_answers_no_number_is_never_verified(id):
    claim = get_claim(id)

    def broken(*arguments: object) -> torch.Tensor:
        return claim.subject(*arguments) * math.nan

    found: Measurement = claim.check(broken, 0)

    assert judge(found.value, claim.bound) != "verified"


def test_the_hash_covers_the_claims_file_and_the_files_it_executes():
    claim, other = get_claim("rwkv-parallel-is-recurrent"), get_claim("pangu-pi-reduces-to-pre-ln")

    assert hash_code(replace(claim, executes=())) != hash_code(claim)
    assert hash_code(replace(other, executes=claim.executes)) != hash_code(claim)


def test_the_detail_of_the_rwkv_claim_says_what_overflows():
    detail = run_claim("rwkv-parallel-is-recurrent").detail

    assert "finite in 100% of its outputs, the fraction in 0%" in detail


def test_an_unknown_claim_names_the_nearest():
    with pytest.raises(NotFoundError, match="there is rwkv-parallel-is-recurrent"):
        get_claim("rwkv-is-recurrent")


def test_listing_claims_imports_no_torch():
    code = "import sys; from kb.claims.registry import list_claims; list_claims(); print('torch' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=FOLDER.parents[1], env=dict(os.environ)
    )

    assert done.stdout.strip() == "False", done.stderr
