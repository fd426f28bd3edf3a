"""Where an edge or an idea stands by execution, and where an edge stands in each of its three layers."""

from collections.abc import Iterable, Mapping

import networkx as nx

from kb.records import EXACT_KINDS, Citation, Concept, EdgeLayers, Executed, LineageEdge, Verdict, VerdictName

_RANKS: tuple[VerdictName, ...] = ("refuted", "inconclusive", "verified", "not_run")
"""The first that occurs among several verdicts is the verdict of all."""


def judge_claims(
    claims: Iterable[str], verdicts: Mapping[str, Verdict], *, states_them: bool = False
) -> tuple[VerdictName, bool]:
    """Return the verdict of several claims together, and whether it is stale.

    A claim that comes out as expected speaks for what it is about, be it a common belief that is refuted: that
    two things are not the same is what is known of them. What does not come out as expected outranks it: refuted
    before inconclusive. not_run where none has a verdict. Stale if any verdict that gave the answer is.

    Parameters
    ----------
    states_them : whether the claims test what is judged word for word, as those of an edge ``equals`` do; then it is
                  refuted where nothing but refuted beliefs is known of it
    """
    found = [verdicts[claim] for claim in claims if claim in verdicts]
    only_beliefs = states_them and bool(found) and all(one.verdict == "refuted" for one in found)
    spoken = [(one.verdict if only_beliefs else _speaks(one), one.stale) for one in found]
    name: VerdictName = next((rank for rank in _RANKS if any(one == rank for one, _ in spoken)), "not_run")
    return name, any(stale for one, stale in spoken if one == name)


def _speaks(verdict: Verdict) -> VerdictName:
    if verdict.verdict in ("not_run", "inconclusive"):
        return verdict.verdict
    return "verified" if verdict.verdict == verdict.expected else "refuted"


def judge_ideas(executed: Executed) -> dict[str, tuple[VerdictName, bool]]:
    """Return the standing of each concept, by key, that some claim concerns alone."""
    verdicts = {one.claim: one for one in executed.verdicts}
    alone: dict[str, list[str]] = {}
    for claim in executed.claims:
        if len(set(claim.between)) == 1:
            alone.setdefault(claim.between[0], []).append(claim.id)
    return {f"concept:{slug}": judge_claims(claims, verdicts) for slug, claims in alone.items()}


def tell_layers(
    edges: Iterable[LineageEdge],
    concepts: Iterable[Concept],
    citations: Iterable[Citation],
    verdicts: Mapping[str, Verdict],
) -> list[EdgeLayers]:
    """Return what is known of each edge in its three layers."""
    introduced = {one.slug: one.introduced_by for one in concepts if one.introduced_by}
    cites = nx.DiGraph((one.cited, one.citing) for one in citations if one.cited != one.citing)
    return [
        _layers(edge, _count_citing(cites, introduced.get(edge.ancestor), introduced.get(edge.descendant)), verdicts)
        for edge in edges
    ]


def _count_citing(cites: nx.DiGraph, cited: str | None, citing: str | None) -> int | None:
    """Return the length of the shortest chain of citations: 0 for none, None where an end is not known."""
    if cited is None or citing is None or cited == citing:
        return None
    if cited not in cites or citing not in cites or not nx.has_path(cites, cited, citing):
        return 0
    return int(nx.shortest_path_length(cites, cited, citing))


def _layers(edge: LineageEdge, citing: int | None, verdicts: Mapping[str, Verdict]) -> EdgeLayers:
    verdict, stale = judge_claims(edge.claims, verdicts, states_them=edge.kind in EXACT_KINDS)
    found = [verdicts[claim] for claim in edge.claims if claim in verdicts]
    expected = [one for one in found if one.verdict == one.expected]
    refuted = sum(one.verdict == "refuted" for one in expected)
    return EdgeLayers(
        ancestor=edge.ancestor,
        descendant=edge.descendant,
        kind=edge.kind,
        citing=citing,
        verdict=verdict if edge.claims else "",
        stale=stale,
        verified=len(expected) - refuted,
        refuted=refuted,
        unexpected=len(found) - len(expected),
        waiting=len(edge.claims) - len(found),
    )
