"""Divergences: what a paper prints, what its official code does, what is done here."""

from collections.abc import Iterable
from pathlib import Path

from kb.ids import is_slug
from kb.records import Divergence
from kb.store.catalogue.entries import Entry, read_entries
from kb.store.catalogue.families import family_of
from kb.store.catalogue.ideas import Concepts
from kb.store.catalogue.works import Papers


def load_divergences(folder: Path, papers: Papers, concepts: Concepts) -> Iterable[Divergence]:
    """Give the divergences of all families, checked against the papers and ideas that they are about."""
    seen: set[str] = set()
    for entry in read_entries(folder, "divergence"):
        family_of(entry)
        one = _divergence(entry)
        if one.slug in seen or not is_slug(one.slug):
            reason = "stands twice" if one.slug in seen else "is no slug; lower-case words joined by hyphens"
            raise entry.fail(f"{one.slug!r} {reason}", "slug")
        seen.add(one.slug)
        if one.paper not in papers:
            raise entry.fail(f"is about {one.paper}, which is not in the catalogue", "paper")
        for slug in one.concepts:
            if slug not in concepts:
                raise entry.fail(f"is about {slug}, which is no concept", "concepts")
        if bool(one.code) != bool(one.code_at):
            raise entry.fail("what the code does and where it does so go together: code, code_at", "code")
        yield one


def _divergence(entry: Entry) -> Divergence:
    one = Divergence(
        slug=entry.words("slug"),
        paper=entry.words("paper"),
        title=entry.words("title"),
        title_zh=entry.words("title_zh", ""),
        prints=entry.words("prints"),
        prints_at=entry.words("prints_at"),
        code=entry.words("code", ""),
        code_at=entry.words("code_at", ""),
        here=entry.words("here"),
        note=entry.words("note", ""),
        concepts=entry.names("concepts"),
        claims=entry.names("claims"),
    )
    entry.close()
    return one
