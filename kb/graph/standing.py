"""Where an edge or an idea stands by execution: one verdict from the verdicts of several claims."""

from collections.abc import Iterable, Mapping

from kb.records import Executed, Verdict, VerdictName

_RANKS: tuple[VerdictName, ...] = ("refuted", "inconclusive", "verified", "not_run")
"""The first that occurs among several verdicts is the verdict of all."""


def judge_claims(claims: Iterable[str], verdicts: Mapping[str, Verdict]) -> tuple[VerdictName, bool]:
    """Return the verdict of several claims, and whether it is stale.

    Refuted outranks inconclusive, which outranks verified; not_run where none has a verdict. The answer is stale
    if any verdict that gave it is.
    """
    found = [verdicts[claim] for claim in claims if claim in verdicts]
    name: VerdictName = next((rank for rank in _RANKS if any(one.verdict == rank for one in found)), "not_run")
    return name, any(one.stale for one in found if one.verdict == name)


def judge_ideas(executed: Executed) -> dict[str, tuple[VerdictName, bool]]:
    """Return the standing of each concept, by key, that some claim concerns alone."""
    verdicts = {one.claim: one for one in executed.verdicts}
    alone: dict[str, list[str]] = {}
    for claim in executed.claims:
        if len(set(claim.between)) == 1:
            alone.setdefault(claim.between[0], []).append(claim.id)
    return {f"concept:{slug}": judge_claims(claims, verdicts) for slug, claims in alone.items()}
