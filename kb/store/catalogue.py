"""Load the shipped catalogue from ``data/`` and refuse what cannot be true, with file and line.

The formats are those of CONTRIBUTING.md: ``catalogue/`` papers, ``concepts/``, ``lineage/`` edges (each one file a
family), ``glossary.toml``. Nothing here touches the database.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from kb.errors import InvalidIdError
from kb.ids import find_id, is_slug, parse_id
from kb.records import EDGE_KINDS, FAMILIES, Catalogue, Citation, Concept, Evidence, LineageEdge, Paper, Term
from kb.store.entries import Entry, read_entries, read_file


def load_catalogue(folder: Path) -> Catalogue:
    """Return everything under ``folder``, checked.

    Raises
    ------
    CuratedDataError : an unknown key, a duplicate, an edge without evidence, a citation or an edge that runs the
        wrong way in time, a cycle of the lineage, a field that is missing, unknown or of the wrong type
    """
    papers = _load_papers(folder / "catalogue")
    concepts = _load_concepts(folder / "concepts", papers)
    _check_concepts_of(papers, concepts)
    edges = _load_edges(folder / "lineage", papers, concepts)
    return Catalogue(
        papers=tuple(paper for paper, _ in papers.values()),
        citations=tuple(_load_citations(papers)),
        concepts=tuple(concept for concept, _ in concepts.values()),
        edges=tuple(edges),
        glossary=tuple(_load_glossary(folder / "glossary.toml")),
        fingerprint=fingerprint_of(folder),
    )


def fingerprint_of(folder: Path) -> str:
    """Return the SHA-256 over all TOML files: what the database was built from."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.toml")):
        digest.update(str(file.relative_to(folder).as_posix()).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _load_papers(folder: Path) -> dict[str, tuple[Paper, Entry]]:
    papers: dict[str, tuple[Paper, Entry]] = {}
    owners: dict[str, str] = {}
    for entry in read_entries(folder, "paper"):
        paper = _paper(entry)
        for scheme, value in paper.ids.items():
            owner = owners.setdefault(f"{scheme}:{value}", paper.key)
            if owner != paper.key:
                raise entry.fail(f"{scheme}:{value} already belongs to {owner}", "key")
        if paper.key in papers:
            raise entry.fail(f"{paper.key} stands twice in the catalogue", "key")
        papers[paper.key] = (paper, entry)
    return papers


def _paper(entry: Entry) -> Paper:
    year, day = entry.number("year"), entry.day("published_on")
    if day and day.year != year:
        raise entry.fail(f"published_on {day} is not in {year}", "published_on")
    paper = Paper(
        key=_own_key(entry),
        title=entry.words("title"),
        title_zh=entry.words("title_zh", ""),
        authors=entry.names("authors"),
        authors_more=entry.number("authors_more", 0),
        year=year,
        published_on=day,
        venue=entry.words("venue", ""),
        ids=_ids(entry),
        summary=entry.words("summary"),
        summary_zh=entry.words("summary_zh", ""),
        family=_family(entry),
        introduces=entry.names("introduces"),
        uses=entry.names("uses"),
        cites_complete=entry.flag("cites_complete"),
        shipped=True,
    )
    entry.names("cites")
    entry.table("cite_notes")
    entry.close()
    if not paper.authors:
        raise entry.fail("a paper needs its authors", "authors")
    return paper


def _own_key(entry: Entry) -> str:
    given = entry.words("key")
    try:
        key = str(parse_id(given))
    except InvalidIdError as error:
        raise entry.fail(str(error), "key") from error
    if key != given:
        raise entry.fail(f"write the key in its normal form: {key}", "key")
    return key


def _ids(entry: Entry) -> dict[str, str]:
    ids = dict([entry.words("key").split(":", 1)])
    for scheme, value in entry.table("ids").items():
        found = find_id(scheme, value)
        if found is None or found.scheme != scheme:
            raise entry.fail(f"not a valid {scheme} identifier: {value!r}", "ids")
        ids[scheme] = found.value
    return ids


def _family(entry: Entry) -> str:
    family = entry.file.stem
    if family not in FAMILIES:
        raise entry.fail(f"the file's name must be a family: {', '.join(FAMILIES)}")
    return family


def _load_citations(papers: dict[str, tuple[Paper, Entry]]) -> Iterable[Citation]:
    for paper, entry in papers.values():
        notes = entry.table("cite_notes")
        for cited in entry.names("cites"):
            if cited not in papers:
                raise entry.fail(f"cites {cited}, which is not in the catalogue", "cites")
            if cited == paper.key:
                raise entry.fail("a paper does not cite itself", "cites")
            if _year(papers[cited][0]) > _year(paper) and cited not in notes:
                raise entry.fail(f"cites {cited}, which is younger, without a reason under cite_notes", "cites")
            yield Citation(paper.key, cited, note=notes.get(cited, ""))


def _year(paper: Paper) -> int:
    assert paper.year is not None
    return paper.year


def _load_concepts(folder: Path, papers: dict[str, tuple[Paper, Entry]]) -> dict[str, tuple[Concept, Entry]]:
    concepts: dict[str, tuple[Concept, Entry]] = {}
    names: dict[str, str] = {}
    for entry in read_entries(folder, "concept"):
        concept = _concept(entry, papers)
        if concept.slug in concepts:
            raise entry.fail(f"{concept.slug} stands twice", "slug")
        for name in {one.casefold() for one in (concept.name, concept.name_zh, *concept.aliases) if one}:
            owner = names.setdefault(name, concept.slug)
            if owner != concept.slug:
                raise entry.fail(f"the name {name!r} already belongs to {owner}", "aliases")
        concepts[concept.slug] = (concept, entry)
    return concepts


def _concept(entry: Entry, papers: dict[str, tuple[Paper, Entry]]) -> Concept:
    concept = Concept(
        slug=entry.words("slug"),
        name=entry.words("name"),
        family=_family(entry),
        definition=entry.words("definition"),
        name_zh=entry.words("name_zh", ""),
        definition_zh=entry.words("definition_zh", ""),
        aliases=entry.names("aliases"),
        equation=entry.words("equation", ""),
        introduced_by=entry.words("introduced_by"),
        introduced=entry.number("introduced"),
    )
    entry.close()
    if not is_slug(concept.slug):
        raise entry.fail(f"not a slug: {concept.slug!r}; lower-case words joined by hyphens", "slug")
    if concept.introduced_by not in papers:
        raise entry.fail(
            f"introduced_by names {concept.introduced_by}, which is not in the catalogue", "introduced_by"
        )
    return concept


def _check_concepts_of(papers: dict[str, tuple[Paper, Entry]], concepts: dict[str, tuple[Concept, Entry]]) -> None:
    for paper, entry in papers.values():
        for name, slugs in (("introduces", paper.introduces), ("uses", paper.uses)):
            for slug in slugs:
                if slug not in concepts:
                    raise entry.fail(f"{name} {slug}, which is no concept", name)


def _load_edges(
    folder: Path, papers: dict[str, tuple[Paper, Entry]], concepts: dict[str, tuple[Concept, Entry]]
) -> list[LineageEdge]:
    edges: dict[tuple[str, str, str], LineageEdge] = {}
    parents: dict[str, set[str]] = {}
    for entry in read_entries(folder, "edge"):
        edge = _edge(entry, papers)
        for name in (edge.ancestor, edge.descendant):
            if name not in concepts:
                raise entry.fail(f"{name} is no concept", "ancestor" if name == edge.ancestor else "descendant")
        old, young = concepts[edge.ancestor][0], concepts[edge.descendant][0]
        if (old.introduced or 0) > (young.introduced or 0):
            raise entry.fail(
                f"{old.slug} ({old.introduced}) is younger than {young.slug} ({young.introduced})", "ancestor"
            )
        if (edge.ancestor, edge.descendant, edge.kind) in edges:
            raise entry.fail(f"{edge.descendant} {edge.kind} {edge.ancestor} stands twice", "ancestor")
        if _reaches(parents, edge.ancestor, edge.descendant):
            raise entry.fail(f"{edge.descendant} would be an ancestor of itself", "ancestor")
        parents.setdefault(edge.descendant, set()).add(edge.ancestor)
        edges[edge.ancestor, edge.descendant, edge.kind] = edge
    return list(edges.values())


def _edge(entry: Entry, papers: dict[str, tuple[Paper, Entry]]) -> LineageEdge:
    evidence = []
    for one in entry.tables("evidence"):
        paper, locator = str(one.get("paper", "")), str(one.get("locator", ""))
        if paper not in papers:
            raise entry.fail(f"evidence names {paper!r}, which is not in the catalogue", "evidence")
        if not locator.strip() or one.keys() - {"paper", "locator"}:
            raise entry.fail("evidence is { paper = key, locator = place in it }", "evidence")
        evidence.append(Evidence(paper, locator))
    edge = LineageEdge(
        ancestor=entry.words("ancestor"),
        descendant=entry.words("descendant"),
        kind=entry.words("kind"),
        evidence=tuple(evidence),
        note=entry.words("note", ""),
        claims=entry.names("claims"),
    )
    entry.close()
    if edge.kind not in EDGE_KINDS:
        raise entry.fail(f"kind {edge.kind!r} is none of {', '.join(EDGE_KINDS)}", "kind")
    if not evidence:
        raise entry.fail("an edge needs evidence: a paper and a place in it", "evidence")
    return edge


def _reaches(parents: dict[str, set[str]], start: str, goal: str) -> bool:
    """Tell whether ``goal`` is ``start`` or one of its ancestors."""
    waiting, seen = [start], set[str]()
    while waiting:
        if (here := waiting.pop()) == goal:
            return True
        if here not in seen:
            seen.add(here)
            waiting.extend(parents.get(here, ()))
    return False


def _load_glossary(file: Path) -> Iterable[Term]:
    seen: set[str] = set()
    for entry in read_file(file, "term"):
        term = Term(entry.words("en"), entry.names("zh"))
        entry.close()
        if not term.zh:
            raise entry.fail(f"{term.en!r} has no Chinese word", "zh")
        if term.en.casefold() in seen:
            raise entry.fail(f"{term.en!r} stands twice", "en")
        seen.add(term.en.casefold())
        yield term
