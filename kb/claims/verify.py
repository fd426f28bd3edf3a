"""Executes claims: the shipped implementations and the wrong variants go through the same check.

Every draw gives one figure. What is reported is the figure that speaks most against the verdict that is expected, so
a verdict as expected means that every draw agrees.
"""

import math
import platform
import time
from dataclasses import replace
from datetime import UTC, datetime

from kb.claims.claim import Claim, Measurement, Subject, opposite
from kb.claims.draw import Draw
from kb.claims.judging import conclude, list_figures
from kb.claims.registry import get_claim, hash_code
from kb.claims.surroundings import undisturbed
from kb.records import Precision, Verdict, VerdictName

VARIANT_DRAWS = 3
"""How many draws a wrong variant gets: each of them has to reject it."""
STRIDE = 1000
"""Seeds of one execution lie between two multiples of it."""


def run_claim(id: str, *, seed: int = 0, draws: int | None = None) -> Verdict:
    """Execute one claim on the shipped implementations and return its verdict.

    Parameters
    ----------
    draws : how many seeds; by default as many as the claim wants

    Raises
    ------
    NotFoundError : no claim has that id
    """
    claim = get_claim(id)
    verdict = _run(claim, claim.subject, seed, claim.expected, draws or claim.draws)
    if claim.smallest is None:
        return verdict
    begun = time.perf_counter()
    try:
        with undisturbed():
            found = replace(verdict, example=claim.smallest(claim.subject))
    except Exception as error:  # noqa: BLE001 -- as in a check
        found = replace(verdict, detail=f"no example: the search failed: {tell_error(error)}")
    return replace(found, seconds=verdict.seconds + time.perf_counter() - begun)


def run_wrong_variants(id: str, *, seed: int = 0) -> list[tuple[str, Verdict]]:
    """Execute one claim on each of its wrong variants; each is expected to get the opposite verdict.

    Raises
    ------
    NotFoundError : no claim has that id
    """
    claim = get_claim(id)
    draws = min(claim.draws, VARIANT_DRAWS)
    return [
        (name, _run(claim, variant, seed, opposite(claim.expected), draws))
        for name, variant in claim.wrong_variants.items()
    ]


def current_hash(id: str) -> str:
    """Return the hash of the code that a verdict would rest on now: a stored verdict with another one is stale."""
    return hash_code(get_claim(id))


def _run(claim: Claim, subject: Subject, seed: int, expected: VerdictName, draws: int) -> Verdict:
    import torch

    start = time.perf_counter()
    found = _measure(claim, subject, seed, draws, "double")
    single = _measure(claim, subject, seed, draws, "single") if claim.bound_single is not None else []
    reached = conclude(claim, found, single, expected)
    return Verdict(
        claim=claim.id,
        verdict=reached.verdict,
        expected=expected,
        measured=reached.measured,
        bound=reached.bound,
        seconds=time.perf_counter() - start,
        seed=seed,
        code_hash=hash_code(claim),
        versions={"python": platform.python_version(), "torch": torch.__version__},
        ran_at=datetime.now(UTC),
        detail=reached.detail,
        figures=list_figures(found),
    )


def _measure(claim: Claim, subject: Subject, seed: int, draws: int, precision: Precision) -> list[Measurement]:
    with undisturbed():
        return [_try(claim, subject, Draw(STRIDE * seed + number, precision)) for number in range(draws)]


def _try(claim: Claim, subject: Subject, draw: Draw) -> Measurement:
    """Measure one draw; code that fails gives no figure, and says why: no claim rests on code that does not run."""
    try:
        return claim.check(subject, draw)
    except Exception as error:  # noqa: BLE001 -- whatever the code under test raises, it is no verdict on the claim
        return Measurement(math.nan, f"the check failed: {tell_error(error)}")


def tell_error(error: Exception) -> str:
    """Return an error in one line: its kind, and the first line of what it says."""
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
