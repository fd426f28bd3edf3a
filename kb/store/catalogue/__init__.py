"""Load the shipped catalogue from ``data/`` and refuse what cannot be true, with file and line.

The formats are those of CONTRIBUTING.md: ``catalogue/`` works, ``concepts/``, ``lineage/`` edges, ``divergences/``
(each one file a family), ``glossary.toml``. Nothing here touches the database.
"""

import hashlib
from pathlib import Path

from kb.records import Catalogue
from kb.store.catalogue.differences import load_divergences
from kb.store.catalogue.edges import load_edges
from kb.store.catalogue.ideas import check_concepts_of, load_concepts
from kb.store.catalogue.terms import load_glossary
from kb.store.catalogue.works import load_citations, load_papers

__all__ = ["fingerprint_of", "load_catalogue"]


def load_catalogue(folder: Path) -> Catalogue:
    """Return everything under ``folder``, checked.

    Raises
    ------
    CuratedDataError : an unknown key, a duplicate, an edge without evidence, a citation or an edge that runs the
        wrong way in time, a cycle of the lineage, a field that is missing, unknown or of the wrong type
    """
    papers = load_papers(folder / "catalogue")
    concepts = load_concepts(folder / "concepts", papers)
    check_concepts_of(papers, concepts)
    return Catalogue(
        papers=tuple(paper for paper, _ in papers.values()),
        citations=tuple(load_citations(papers)),
        concepts=tuple(concept for concept, _ in concepts.values()),
        edges=tuple(load_edges(folder / "lineage", papers, concepts)),
        divergences=tuple(load_divergences(folder / "divergences", papers, concepts)),
        glossary=tuple(load_glossary(folder / "glossary.toml")),
        fingerprint=fingerprint_of(folder),
    )


def fingerprint_of(folder: Path) -> str:
    """Return the SHA-256 over all TOML files: what the database was built from."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.toml")):
        digest.update(str(file.relative_to(folder).as_posix()).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
