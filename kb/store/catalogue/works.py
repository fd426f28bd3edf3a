"""Papers and other works, and what they cite."""

from collections.abc import Iterable
from pathlib import Path

from kb.errors import InvalidIdError
from kb.ids import find_id, parse_id
from kb.records import WORK_KINDS, Citation, Paper, WorkKind
from kb.store.catalogue.entries import Entry, read_entries
from kb.store.catalogue.families import family_of

Papers = dict[str, tuple[Paper, Entry]]


def load_papers(folder: Path) -> Papers:
    papers: Papers = {}
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
        family=family_of(entry),
        introduces=entry.names("introduces"),
        uses=entry.names("uses"),
        cites_complete=entry.flag("cites_complete"),
        kind=_kind(entry),
        known_as=entry.names("known_as"),
        url=entry.words("url", ""),
        shipped=True,
    )
    entry.names("cites")
    entry.table("cite_notes")
    entry.close()
    if not paper.authors:
        raise entry.fail("a paper needs its authors", "authors")
    return paper


def _kind(entry: Entry) -> WorkKind:
    given = entry.words("kind", "paper")
    for kind in WORK_KINDS:
        if kind == given:
            return kind
    raise entry.fail(f"kind {given!r} is none of {', '.join(WORK_KINDS)}", "kind")


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


def load_citations(papers: Papers) -> Iterable[Citation]:
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
