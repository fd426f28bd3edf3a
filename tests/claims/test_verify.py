"""Every claim, end to end: what ships gets the expected verdict, every wrong variant the opposite one."""

import math
from dataclasses import replace

import pytest
import torch

from kb.claims.claim import opposite
from kb.claims.draw import Draw
from kb.claims.registry import FOLDER, file_of, get_claim, hash_code, list_claims
from kb.claims.verify import VARIANT_DRAWS, current_hash, run_claim, run_wrong_variants
from kb.records import FAMILIES, ClaimCard
from kb.reference.registry import get_idea

torch.set_num_threads(1)

CARDS = list_claims()
IDS = [card.id for card in CARDS]
EXACT = [card.id for card in CARDS if card.cost == "exact"]
TRENDS = [card.id for card in CARDS if card.cost == "trend"]


def test_no_two_claims_share_an_id():
    assert len(set(IDS)) == len(IDS) > 0


@pytest.mark.parametrize("card", CARDS, ids=IDS)
def test_a_card_says_what_where_and_why(card: ClaimCard):
    assert card.family in FAMILIES
    assert card.wrong_variants
    assert card.between or card.papers
    assert all((card.statement, card.inputs, card.why_bound, card.evidence.paper, card.evidence.locator))
    assert card.statement.endswith(".")
    assert card.expected in ("verified", "refuted")
    assert card.executes
    for slug in card.executes:
        assert get_idea(slug).slug == slug


@pytest.mark.parametrize("card", CARDS, ids=IDS)
def test_a_claim_stands_in_the_folder_of_its_family(card: ClaimCard):
    assert file_of(get_claim(card.id)).parent == FOLDER / card.family.replace("-", "_")


@pytest.mark.parametrize("card", CARDS, ids=IDS)
def test_what_is_separated_is_expected_to_be_refuted_and_shown_on_the_smallest_input(card: ClaimCard):
    assert (card.kind == "separation") == (card.expected == "refuted")
    assert not card.has_example or card.kind == "separation"


@pytest.mark.parametrize("seed", [0, 1, 20])
@pytest.mark.parametrize("id", EXACT)
def test_what_ships_gets_the_expected_verdict(id: str, seed: int):
    verdict = run_claim(id, seed=seed)

    assert (verdict.verdict, verdict.expected) == (get_claim(id).expected,) * 2, verdict.detail
    assert len(verdict.figures) == get_claim(id).draws
    assert verdict.seed == seed
    assert verdict.seconds > 0
    assert verdict.versions["torch"] == torch.__version__
    assert verdict.ran_at is not None
    assert verdict.ran_at.tzinfo is not None
    assert verdict.code_hash == current_hash(id)
    assert (verdict.example is not None) == (get_claim(id).smallest is not None)


@pytest.mark.parametrize("id", EXACT)
def test_every_wrong_variant_gets_the_opposite_verdict(id: str):
    claim = get_claim(id)
    verdicts = dict(run_wrong_variants(id))

    assert list(verdicts) == list(claim.wrong_variants)
    for name, verdict in verdicts.items():
        assert verdict.verdict == verdict.expected == opposite(claim.expected), (name, verdict.detail)
        assert len(verdict.figures) == min(claim.draws, VARIANT_DRAWS)


@pytest.mark.parametrize("id", EXACT)
def test_an_exact_claim_holds_over_twenty_seeds_or_has_nothing_random(id: str):
    claim = get_claim(id)

    assert claim.draws >= 20 or (claim.draws == 1 and "random" not in claim.inputs and "normal" not in claim.inputs)


@pytest.mark.parametrize("id", EXACT)
def test_a_seed_gives_the_same_figures_again(id: str):
    assert run_claim(id, seed=3).figures == run_claim(id, seed=3).figures


def test_running_claims_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    for id in EXACT:
        run_claim(id, draws=1)

    assert torch.equal(torch.rand(1), wanted)


@pytest.mark.parametrize("id", EXACT)
def test_a_subject_that_answers_no_number_gets_no_good_verdict(id: str):
    claim = get_claim(id)

    def broken(*arguments: object) -> object:
        return _spoil(claim.subject(*arguments))

    try:
        found = claim.check(broken, Draw(0)).value
    except (ValueError, ArithmeticError, AssertionError, RuntimeError):
        return
    kept = found <= claim.bound if claim.holds == "at most" else found >= claim.bound
    assert math.isnan(found) or math.isinf(found) or kept == (claim.expected == "refuted")


def _spoil(answer: object) -> object:
    if isinstance(answer, torch.Tensor):
        return answer * math.nan if answer.is_floating_point() else answer - 1
    if isinstance(answer, tuple | list):
        return type(answer)(_spoil(one) for one in answer)
    if isinstance(answer, dict):
        return {name: _spoil(one) for name, one in answer.items()}
    return math.nan if isinstance(answer, int | float) else answer


def test_the_hash_covers_the_claims_file_and_the_files_it_executes():
    claim, other = get_claim("rwkv-parallel-is-recurrent"), get_claim("pangu-pi-reduces-to-pre-ln")

    assert hash_code(replace(claim, executes=())) != hash_code(claim)
    assert hash_code(replace(other, executes=claim.executes)) != hash_code(claim)


def test_the_detail_of_the_rwkv_claim_says_what_overflows():
    detail = run_claim("rwkv-parallel-is-recurrent").detail

    assert "finite in 100% of its outputs, the fraction in 0%" in detail


def test_a_claim_runs_on_one_thread_and_leaves_their_number_as_it_was(monkeypatch: pytest.MonkeyPatch):
    claim, seen = get_claim("rwkv-parallel-is-recurrent"), []
    monkeypatch.setattr(
        "kb.claims.verify.get_claim",
        lambda id: replace(claim, check=lambda *given: seen.append(torch.get_num_threads()) or claim.check(*given)),
    )
    torch.set_num_threads(2)
    try:
        run_claim(claim.id, draws=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)

    assert set(seen) == {1}


def test_code_that_fails_is_no_verdict_and_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch):
    shipped = get_claim("rwkv-parallel-is-recurrent")

    def fail(*_: object) -> None:
        raise RuntimeError("shapes do not fit\nand a second line")

    def give(check: object, smallest: object = None) -> None:
        claim = replace(shipped, check=check, smallest=smallest)
        monkeypatch.setattr("kb.claims.verify.get_claim", lambda id: claim)

    give(fail)
    verdict = run_claim(shipped.id, draws=2)
    assert (verdict.verdict, verdict.measured, verdict.figures) == ("inconclusive", None, (None, None))
    assert verdict.detail.startswith("the check failed: RuntimeError: shapes do not fit")
    assert "second line" not in verdict.detail
    assert [one.verdict for _, one in run_wrong_variants(shipped.id)] == ["inconclusive"] * len(
        shipped.wrong_variants
    )

    give(shipped.check, fail)
    verdict = run_claim(shipped.id, draws=2)
    assert (verdict.verdict, verdict.example) == ("verified", None)
    assert verdict.detail == "no example: the search failed: RuntimeError: shapes do not fit"
