"""Concepts, and the papers that introduce and use them."""

from pathlib import Path

from kb.ids import is_slug
from kb.records import Concept
from kb.store.catalogue.entries import Entry, read_entries
from kb.store.catalogue.families import family_of
from kb.store.catalogue.works import Papers

Concepts = dict[str, tuple[Concept, Entry]]


def load_concepts(folder: Path, papers: Papers) -> Concepts:
    concepts: Concepts = {}
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


def _concept(entry: Entry, papers: Papers) -> Concept:
    concept = Concept(
        slug=entry.words("slug"),
        name=entry.words("name"),
        family=family_of(entry),
        definition=entry.words("definition"),
        name_zh=entry.words("name_zh", ""),
        definition_zh=entry.words("definition_zh", ""),
        aliases=entry.names("aliases"),
        ambiguous=entry.names("ambiguous"),
        context=entry.names("context"),
        equation=entry.words("equation", ""),
        introduced_by=entry.words("introduced_by"),
        introduced=entry.number("introduced"),
    )
    entry.close()
    if not is_slug(concept.slug):
        raise entry.fail(f"not a slug: {concept.slug!r}; lower-case words joined by hyphens", "slug")
    stray = sorted(set(concept.ambiguous) - {concept.name, concept.name_zh, *concept.aliases})
    if stray:
        raise entry.fail(f"{stray[0]!r} is called ambiguous but is none of its names", "ambiguous")
    if concept.ambiguous and not concept.context:
        raise entry.fail("an ambiguous name needs words that settle it", "ambiguous")
    if concept.introduced_by not in papers:
        raise entry.fail(
            f"introduced_by names {concept.introduced_by}, which is not in the catalogue", "introduced_by"
        )
    return concept


def check_concepts_of(papers: Papers, concepts: Concepts) -> None:
    for paper, entry in papers.values():
        for name, slugs in (("introduces", paper.introduces), ("uses", paper.uses)):
            for slug in slugs:
                if slug not in concepts:
                    raise entry.fail(f"{name} {slug}, which is no concept", name)
