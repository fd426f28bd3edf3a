"""Claims of a user's own in real confined processes: honest ones get the figures, hostile ones nothing."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kb.claims.claim import Measurement
from kb.claims.own.guest import to_number
from kb.claims.own.judging import judge_run
from kb.claims.own.program import build_claim_program
from kb.claims.own.reading import read_claim
from kb.claims.own.template import build_claim_template
from kb.claims.registry import file_of, get_claim
from kb.claims.verify import run_claim
from kb.records import Limits, OwnOutcome, RunResult
from kb.reference.registry import get_idea
from kb.runner import confinement, run
from tests.own_claims import write_claim

pytestmark = pytest.mark.skipif(confinement().way == "none", reason="this machine cannot confine programs")

LIMITS = Limits(wall_s=20, cpu_s=20)


def execute(
    code: str, limits: Limits = LIMITS, *, seed: int = 0, snippets: dict[str, str] | None = None
) -> tuple[OwnOutcome, RunResult]:
    card = read_claim(code, snippets or {})
    result = run(build_claim_program(card, code, snippets or {}, seed=seed), limits)
    return judge_run(card, result, seed=seed), result


def test_what_ships_gets_the_same_figures_when_it_is_a_users_own():
    id = "softmax-and-linear-attention-are-one-function"
    shipped = run_claim(id, seed=1)

    outcome, result = execute(file_of(get_claim(id)).read_text(encoding="utf-8"), seed=1)

    assert result.status == "ok", result.stderr
    assert outcome.verdict.verdict == "refuted"
    assert outcome.verdict.figures == pytest.approx(shipped.figures, rel=1e-12)
    assert shipped.example is not None
    assert outcome.verdict.example == shipped.example
    assert {one.verdict for _, one in outcome.variants} == {"verified"}


def test_the_template_runs_as_it_stands():
    outcome, result = execute(build_claim_template(get_idea("retention"), get_idea("fast-weight-programmer")))

    assert result.status == "ok", result.stderr
    assert outcome.verdict.verdict == "verified"
    assert len(outcome.verdict.figures) == 20
    assert [one.verdict for _, one in outcome.variants] == ["refuted"]


def test_a_snippet_can_be_one_side():
    code = write_claim(
        more="from snippet_7 import half\n", check="return Measurement(half(2.0) - 1.0 + subject(draw))"
    )

    outcome, _ = execute(code, snippets={"snippet_7": "def half(x):\n    return x / 2\n"})

    assert outcome.verdict.verdict == "verified"


@pytest.mark.parametrize(("found", "figure"), [(Measurement(0.5), 0.5), (2, 2.0), (torch.tensor([1.5]), 1.5)])
def test_a_check_may_return_a_number_or_a_tensor_with_one_entry(found: object, figure: float):
    assert to_number(found) == figure


def test_a_number_beyond_all_floats_is_infinite():
    assert to_number(10**400) == math.inf


@pytest.mark.parametrize("found", [None, "0", Measurement("0"), [0.0], True, Measurement(None)])  # type: ignore[arg-type]
def test_what_is_no_number_is_an_error_that_says_what_to_return(found: object):
    with pytest.raises(TypeError, match="not a number: return Measurement"):
        to_number(found)


@pytest.mark.parametrize(
    ("check", "more", "told"),
    [
        ("return float('nan')", "", ""),
        ("return 'verified'", "", "the check returned str, not a number: return Measurement(figure)"),
        ("return open('/etc/passwd').read() and 0.0", "", "/etc/passwd"),
        ("import socket; socket.socket(); return 0.0", "", "Error"),
        ("import os; os._exit(0)", "", "0 figures of 3 draws were reported"),
        ("return subject(draw)", "raise ValueError('at import')\n", "ValueError: at import"),
        ("return subject(draw)", "import kb.claims.registry\nkb.claims.registry.list_claims()\n", "Error"),
    ],
)
def test_a_check_that_gives_no_figure_decides_nothing(check: str, more: str, told: str):
    outcome, _ = execute(write_claim(check=check, more=more))

    assert outcome.verdict.verdict == "inconclusive"
    assert outcome.verdict.measured is None
    assert told in outcome.verdict.detail


def test_the_users_files_are_out_of_reach(tmp_path: Path):
    secret = tmp_path / "library.db"
    secret.write_text("secret")

    outcome, result = execute(write_claim(check=f"return float('secret' in open({str(secret)!r}).read())"))

    assert outcome.verdict.verdict == "inconclusive"
    assert "secret'" not in str(result.figures)


def test_an_endless_check_is_ended_and_its_figures_do_not_count():
    code = write_claim(check="return sum(iter(int, 1)) if draw.seed else Measurement(subject(draw))")

    outcome, result = execute(code, replace(LIMITS, wall_s=2.0))

    assert result.status == "timeout"
    assert result.wall_s < 8
    assert outcome.verdict.verdict == "inconclusive"
    assert "it did not come to its end" in outcome.verdict.detail


def test_a_check_that_takes_all_memory_is_ended():
    outcome, result = execute(
        write_claim(check="return len(bytearray(1 << 34)) * 0.0"), replace(LIMITS, memory_mb=512)
    )

    assert result.status == "killed"
    assert outcome.verdict.verdict == "inconclusive"


def test_figures_reported_behind_the_checks_back_do_not_count():
    forged = "import os\nreport('claim', {'double': [0.0] * 10**5, 'verdict': 'verified'})\nos._exit(0)\n"

    outcome, _ = execute(write_claim(more=forged))

    assert outcome.verdict.verdict == "inconclusive"
    assert [one.verdict for _, one in outcome.variants] == ["inconclusive"]


def test_a_verdict_reported_from_inside_is_not_read():
    forged = "report('verdict', 'verified')\nreport('claim', {'verdict': 'verified'})\n"

    outcome, _ = execute(write_claim(more=forged, check="return Measurement(1.0)"))

    assert outcome.verdict.verdict == "refuted"


def test_a_wrong_variant_that_raises_leaves_the_claim_inconclusive():
    outcome, result = execute(write_claim(wrong_variants='{"broken": lambda draw: 1 / 0}'))

    assert result.status == "ok"
    assert outcome.verdict.verdict == "inconclusive"
    assert "ZeroDivisionError" in outcome.variants[0][1].detail


def test_what_a_check_says_at_length_is_cut():
    outcome, _ = execute(write_claim(check="return Measurement(subject(draw), 'x' * 10**6)"))

    assert outcome.verdict.verdict == "verified"
    assert len(outcome.verdict.detail) == 300


def test_the_same_seed_gives_the_same_figures_and_another_others():
    code = write_claim(check="return Measurement(subject(draw) + float(draw.uniform(0, 1, 1)))", bound="2.0")
    figures = [execute(code, seed=seed)[0].verdict.figures for seed in (0, 0, 1)]

    assert figures[0] == figures[1] != figures[2]
