"""What came out of a confined process, as a verdict: every figure is doubted, and no verdict of its own is read.

The program owns its process and may report anything. So only finite numbers count, there must be as many as there
were draws, and every wrong variant must have been rejected; otherwise nothing is proved, and the verdict says so.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from kb.claims.claim import Measurement, opposite
from kb.claims.judging import conclude, list_figures
from kb.claims.own.program import count_variant_draws
from kb.records import ClaimCard, Example, OwnOutcome, RunResult, Verdict, VerdictName

_LONGEST = 300
_MOST_NAMES, _MOST_NUMBERS = 8, 64
_MOST_DEPTH = 6


def judge_run(card: ClaimCard, result: RunResult, *, seed: int = 0) -> OwnOutcome:
    """Return the verdict on what a run of a claim reported, and those on its wrong variants."""
    begun = Verdict(
        claim=card.id,
        verdict="inconclusive",
        expected=card.expected,
        measured=None,
        bound=card.bound,
        seconds=result.wall_s,
        seed=seed,
        code_hash=card.code_hash,
        versions=result.versions,
        ran_at=datetime.now(UTC),
    )
    if result.status in ("refused", "cancelled"):
        return OwnOutcome(replace(begun, verdict="not_run", detail=_clean(result.message)))
    verdict = _judge_side(card, begun, result.figures.get("claim"), card.expected, card.draws)
    reported = result.figures.get("variants")
    sides = reported if isinstance(reported, Mapping) else {}
    variants = tuple(
        (name, _judge_side(card, begun, sides.get(name), opposite(card.expected), count_variant_draws(card)))
        for name in card.wrong_variants
    )
    if card.has_example:
        verdict = replace(verdict, example=_read_example(result.figures.get("example")))
    if result.status != "ok":
        told = f"it did not come to its end: {_clean(result.message) or result.status}"
        return OwnOutcome(replace(verdict, verdict="inconclusive", detail=told), variants)
    return OwnOutcome(_doubt(verdict, variants), variants)


def _doubt(verdict: Verdict, variants: Sequence[tuple[str, Verdict]]) -> Verdict:
    """Return the verdict as it is, or inconclusive where a wrong variant was not rejected."""
    survivors = [name for name, one in variants if one.verdict != one.expected]
    if not survivors or verdict.verdict != verdict.expected:
        return verdict
    told = f"it does not reject {', '.join(map(repr, survivors))}, so it proves nothing"
    return replace(verdict, verdict="inconclusive", detail="; ".join(filter(None, (told, verdict.detail))))


def _judge_side(card: ClaimCard, begun: Verdict, reported: object, expected: VerdictName, draws: int) -> Verdict:
    """Return the verdict on one subject."""
    side = reported if isinstance(reported, Mapping) else {}
    double = _read_measurements(side, "double")
    single = _read_measurements(side, "single")
    begun = replace(begun, expected=expected, figures=list_figures(double[:draws]))
    wanted = draws if card.bound_single is not None else 0
    if "error" in side:
        return replace(begun, detail=_clean(side["error"]))
    if len(double) != draws or len(single) != wanted:
        return replace(begun, detail=f"{len(double) + len(single)} figures of {draws + wanted} draws were reported")
    found = conclude(card, double, single, expected)
    return replace(begun, verdict=found.verdict, measured=found.measured, bound=found.bound, detail=found.detail)


def _read_measurements(side: Mapping[str, object], precision: str) -> list[Measurement]:
    values = side.get(precision)
    said = side.get("detail")
    details = said if isinstance(said, list) and precision == "double" else []
    return [
        Measurement(read_figure(value), _clean(details[at]) if at < len(details) else "")
        for at, value in enumerate(values if isinstance(values, list) else [])
    ]


def read_figure(value: object) -> float:
    """Return a reported figure; NaN for whatever is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _clean(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_LONGEST]


def _read_example(reported: object) -> Example | None:
    """Return a reported example, None where it is not a few small lists of numbers by name."""
    if not isinstance(reported, Mapping):
        return None
    inputs, outputs = _read_side(reported.get("inputs")), _read_side(reported.get("outputs"))
    return Example(inputs, outputs) if inputs and outputs else None


def _read_side(side: object) -> dict[str, object]:
    """Return the small lists of numbers of one side by name; empty where it holds anything else."""
    if not isinstance(side, Mapping) or len(side) > _MOST_NAMES:
        return {}
    if not all(_is_small(name, value) for name, value in side.items()):
        return {}
    return {_clean(name): value for name, value in side.items()}


def _is_small(name: object, value: object) -> bool:
    numbers = _count(value)
    return isinstance(name, str) and len(name) <= 40 and numbers is not None and numbers <= _MOST_NUMBERS


def _count(value: object, depth: int = 0) -> int | None:
    """Return how many numbers a nested list holds; None where it holds something else, or is too deep."""
    if isinstance(value, list):
        counts = [_count(one, depth + 1) for one in value[: _MOST_NUMBERS + 1]] if depth < _MOST_DEPTH else [None]
        return None if None in counts else sum(filter(None, counts))
    return 1 if math.isfinite(read_figure(value)) else None
