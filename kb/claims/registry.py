"""Finds the claims by walking this folder's families, one folder each; loads no torch."""

import difflib
import hashlib
import importlib
import sys
from functools import cache
from pathlib import Path

from kb.claims.claim import Claim
from kb.claims.sources import hash_sources
from kb.errors import NotFoundError
from kb.records import FAMILIES, ClaimCard
from kb.reference.registry import get_idea

FOLDER = Path(__file__).resolve().parent


@cache
def list_claims() -> tuple[ClaimCard, ...]:
    """Return every claim as it is shown, by family and then by file, in the file's order."""
    return tuple(
        ClaimCard(
            id=claim.id,
            statement=claim.statement,
            kind=claim.kind,
            between=claim.between,
            evidence=claim.evidence,
            inputs=claim.inputs,
            bound=claim.bound,
            why_bound=claim.why_bound,
            expected=claim.expected,
            wrong_variants=tuple(claim.wrong_variants),
            cost=claim.cost,
            family=claim.family,
            code_hash=hash_code(claim),
            holds=claim.holds,
            draws=claim.draws,
            bound_single=claim.bound_single,
            equation=claim.equation,
            pitfall=claim.pitfall,
            papers=claim.papers,
            executes=claim.executes,
            has_example=claim.smallest is not None,
        )
        for claim in _load_claims()
    )


def get_claim(id: str) -> Claim:
    """Return one claim with its code.

    Raises
    ------
    NotFoundError : no claim has that id; the message names the nearest
    """
    claims = {claim.id: claim for claim in _load_claims()}
    wanted = id.strip().casefold().removeprefix("claim:")
    if wanted in claims:
        return claims[wanted]
    nearest = difflib.get_close_matches(wanted, claims, n=3, cutoff=0.3)
    hint = f"the nearest is {', '.join(nearest)}" if nearest else "'stemma verify --list' lists them"
    raise NotFoundError(f"no claim has the id {id!r}: {hint}")


def file_of(claim: Claim) -> Path:
    """Return the file in which a claim's check stands."""
    file = sys.modules[claim.check.__module__].__file__
    assert file is not None
    return Path(file)


def hash_code(claim: Claim) -> str:
    """Return the SHA-256 of the code that a verdict rests on: the check, its helpers, what it executes."""
    digest = hashlib.sha256(hash_sources(file_of(claim)).encode())
    for slug in sorted(claim.executes):
        digest.update(get_idea(slug).code_hash.encode())
    return digest.hexdigest()


@cache
def _load_claims() -> tuple[Claim, ...]:
    modules = [
        f"kb.claims.{family.replace('-', '_')}.{path.stem}"
        for family in FAMILIES
        for path in sorted((FOLDER / family.replace("-", "_")).glob("*.py"))
        if path.stem[0] != "_"
    ]
    return tuple(claim for name in modules for claim in importlib.import_module(name).CLAIMS)
