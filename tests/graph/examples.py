"""Small graphs with known answers, and the reader of the shared corpus."""

import gzip
import json
from pathlib import Path

from kb.records import Citation, ClaimCard, Concept, Evidence, LineageEdge, Paper, Verdict, VerdictName

DAG_17 = ["AC", "CE", "CH", "EG", "GH", "HK", "BC", "BD", "BJ", "DF", "DI", "FH", "FI", "IL", "IM", "JM", "MN"]
"""Seventeen arcs, cited first: the sample network of Wikipedia's article on main path analysis."""


def make_paper(key: str, year: int | None = 2000, *, family: str = "", introduces: tuple[str, ...] = ()) -> Paper:
    return Paper(key=key, title=f"Title of {key}", year=year, family=family, introduces=introduces)


def make_concept(slug: str, year: int | None = 2000, *, family: str = "attention", by: str = "") -> Concept:
    return Concept(slug=slug, name=slug.capitalize(), family=family, definition="", introduced_by=by, introduced=year)


def make_edge(
    ancestor: str, descendant: str, kind: str = "extends", *, paper: str = "p", claims: tuple[str, ...] = ()
) -> LineageEdge:
    return LineageEdge(ancestor, descendant, kind, (Evidence(paper, "Section 2"),), claims=claims)


def make_verdict(claim: str, verdict: VerdictName, *, stale: bool = False) -> Verdict:
    return Verdict(claim, verdict, "verified", measured=0.0, bound=1.0, stale=stale)


def make_claim(name: str, *between: str) -> ClaimCard:
    return ClaimCard(
        id=name,
        statement="",
        kind="equals",
        between=between,
        evidence=Evidence("p", "Section 2"),
        inputs="",
        bound=1.0,
        why_bound="",
        expected="verified",
        wrong_variants=(),
        cost="exact",
        family="attention",
        code_hash="",
    )


def dag_17() -> tuple[list[Paper], list[Citation]]:
    papers = [make_paper(letter) for letter in sorted(set("".join(DAG_17)))]
    return papers, [Citation(citing=arc[1], cited=arc[0]) for arc in DAG_17]


def read_corpus(shared: Path) -> tuple[list[Paper], list[Citation]]:
    """Return the 4,573 papers of the corpus on language-model architectures and the citations among them."""
    with gzip.open(shared / "corpora" / "lm-architectures" / "s2-papers.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    here = {record["paperId"] for record in records}
    papers = [Paper(key=f"s2:{one['paperId']}", title=one["title"], year=one["year"]) for one in records]
    citations = [
        Citation(citing=f"s2:{one['paperId']}", cited=f"s2:{work['paperId']}", origins=("s2",))
        for one in records
        for work in one["references"] or ()
        if work["paperId"] in here
    ]
    return papers, citations
