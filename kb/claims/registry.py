"""Finds the claims by walking this folder's family files; loads no torch."""

import difflib
import hashlib
import importlib
import sys
from functools import cache
from pathlib import Path

from kb.claims.claim import Claim
from kb.errors import NotFoundError
from kb.records import ClaimCard
from kb.reference.registry import get_idea

FOLDER = Path(__file__).resolve().parent
_MACHINERY = frozenset({"__init__", "claim", "registry", "verify"})


def list_claims() -> tuple[ClaimCard, ...]:
    """Return every claim as it is shown, by family and then as its file has them."""
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
    raise NotFoundError(f"no claim has the id {id!r}: there is {', '.join(nearest or claims)}")


def hash_code(claim: Claim) -> str:
    """Return the SHA-256 of the claim's file and of every reference file that it executes."""
    digest = hashlib.sha256()
    file = sys.modules[claim.check.__module__].__file__
    assert file is not None
    digest.update(Path(file).read_bytes())
    for slug in sorted(claim.executes):
        digest.update(get_idea(slug).code_hash.encode())
    return digest.hexdigest()


@cache
def _load_claims() -> tuple[Claim, ...]:
    names = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in _MACHINERY)
    return tuple(claim for name in names for claim in importlib.import_module(f"kb.claims.{name}").CLAIMS)
