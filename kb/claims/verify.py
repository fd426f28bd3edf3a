"""Executes claims: the shipped implementations and the wrong variants go through the same check."""

import math
import platform
import time
from datetime import UTC, datetime

from kb.claims.claim import Claim, Subject, judge
from kb.claims.registry import get_claim, hash_code
from kb.records import Verdict, VerdictName


def run_claim(id: str, *, seed: int = 0) -> Verdict:
    """Execute one claim on the shipped implementations and return its verdict.

    Raises
    ------
    NotFoundError : no claim has that id
    """
    claim = get_claim(id)
    return _run(claim, claim.subject, seed, claim.expected)


def run_wrong_variants(id: str, *, seed: int = 0) -> list[tuple[str, Verdict]]:
    """Execute one claim on each of its wrong variants; every verdict is expected to be refuted.

    Raises
    ------
    NotFoundError : no claim has that id
    """
    claim = get_claim(id)
    return [(name, _run(claim, variant, seed, "refuted")) for name, variant in claim.wrong_variants.items()]


def current_hash(id: str) -> str:
    """Return the hash of the code that a verdict would rest on now: a stored verdict with another one is stale."""
    return hash_code(get_claim(id))


def _run(claim: Claim, subject: Subject, seed: int, expected: VerdictName) -> Verdict:
    import torch

    start = time.perf_counter()
    with torch.no_grad():
        found = claim.check(subject, seed)
    return Verdict(
        claim=claim.id,
        verdict=judge(found.value, claim.bound),
        expected=expected,
        measured=found.value if math.isfinite(found.value) else None,
        bound=claim.bound,
        seconds=time.perf_counter() - start,
        seed=seed,
        code_hash=hash_code(claim),
        versions={"python": platform.python_version(), "torch": torch.__version__},
        ran_at=datetime.now(UTC),
        detail=found.detail,
    )
