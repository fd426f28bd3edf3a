"""The part of a composed program that sets what was measured beside what the literature expects.

A score is an accuracy, more is better, or bits per character, less is better. Two ideas were examined on the same
sequences, so their scores are compared sequence by sequence. They are told apart where the mean difference is larger
than the margin and, with several seeds, the same one is ahead under each of them.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

LEAST_MARGIN = 0.02
"""Two accuracies, or two losses in bits, that are nearer than this are not told apart, however small the noise."""
ERRORS = 2.0
"""So many standard errors of a difference may be chance."""
SOLVED = 0.99
"""The accuracy from which a task counts as solved."""

Scores = Sequence[Sequence[float]]
"""Of one idea: for each seed, the score on each held-out sequence."""


def judge(
    expected: Mapping[str, Any], scores: Mapping[str, Scores], failed: Mapping[str, str], *, chance: float, less: bool
) -> dict[str, Any]:
    """Return an expectation with what was found: ``verdict``, ``gap``, ``margin`` and ``why``.

    Parameters
    ----------
    expected : with ``ahead`` and ``behind``, the labels of two ideas
    scores   : by label
    failed   : why an idea has no score that counts, by label
    chance   : the score of a guess
    less     : whether less is better

    Returns
    -------
    The verdict is ``as expected``, ``not separated``, ``the other way round`` or ``not measured``; gap is how far the
    first is ahead, None where nothing was measured
    """
    both = expected["ahead"], expected["behind"]
    if reasons := [f"{label} {failed[label]}" for label in both if label in failed]:
        return {**expected, "verdict": "not measured", "gap": None, "margin": None, "why": "; ".join(reasons)}
    gaps, margin = compare_scores(*(scores[label] for label in both), sign=-1 if less else 1)
    gap = statistics.mean(gaps)
    means = [statistics.mean(map(statistics.mean, scores[label])) for label in both]
    verdict, why = "not separated", ""
    if abs(gap) > margin and (min(gaps) > 0) == (max(gaps) > 0):
        verdict = "as expected" if gap > 0 else "the other way round"
    elif not less and min(means) >= SOLVED:
        why = "both solve it"
    elif max(abs(mean - chance) for mean in means) <= margin:
        why = "neither has learned it"
    return {**expected, "verdict": verdict, "gap": gap, "margin": margin, "why": why}


def compare_scores(one: Scores, other: Scores, *, sign: int) -> tuple[list[float], float]:
    """Return by how much one is ahead under each seed, and the margin within which that may be chance.

    Parameters
    ----------
    sign : 1 where more is better, -1 where less is
    """
    gaps, errors = [], []
    for mine, others in zip(one, other, strict=True):
        apart = [sign * (a - b) for a, b in zip(mine, others, strict=True)]
        gaps.append(statistics.mean(apart))
        errors.append(statistics.variance(apart) / len(apart) if len(apart) > 1 else 0.0)
    between = statistics.variance(gaps) if len(gaps) > 1 else 0.0
    error = math.sqrt((statistics.mean(errors) + between) / len(gaps))
    return gaps, max(LEAST_MARGIN, ERRORS * error)
