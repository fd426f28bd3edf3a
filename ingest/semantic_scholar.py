"""Parse Semantic Scholar's paper objects (Academic Graph API v1, ``/paper`` with ``references``). Pure.

Any field may be null, and is in real answers. Two rules go beyond copying:

- ``year`` is often that of the venue. A paper's year here is that of its first public version: where the arXiv
  identifier, which holds year and month, is earlier, it decides. ``publicationDate`` is taken only where it is no
  later than that month and falls into that year.
- A cited work is named by its strongest identifier, or by its title alone where the record has no other name for it;
  one listed twice counts once, and the paper itself is not among the works it cites.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from kb.errors import MalformedDataError
from kb.ids import PaperId, choose_key, find_id
from kb.records import OpenCitation, Paper, PaperRecord

_OWN_ID = re.compile("[0-9a-fA-F]{40}")
_SCHEMES = (("ArXiv", "arxiv"), ("DOI", "doi"), ("ACL", "acl"))


def parse_s2_record(item: object) -> PaperRecord:
    """Return the paper that a paper object describes, with what it cites.

    Raises
    ------
    MalformedDataError : no object, no title, or no identifier that we know
    """
    if not isinstance(item, dict):
        raise MalformedDataError(f"not a paper object but {type(item).__name__}")
    title = _text(item.get("title"))
    ids = _parse_ids(item)
    if not title or not ids:
        name = item.get("paperId") if isinstance(item.get("paperId"), str) else title
        lacks = "title" if ids else "usable identifier"
        raise MalformedDataError(f"the record has no {lacks}: {name or 'nothing else either'}")
    year, published_on = _parse_date(item, next((one for one in ids if one.scheme == "arxiv"), None))
    return PaperRecord(
        Paper(
            key=choose_key(ids),
            title=title,
            authors=tuple(filter(None, (_text(one.get("name")) for one in _objects(item.get("authors"))))),
            year=year,
            published_on=published_on,
            venue=_text(item.get("venue")) or _text(_object(item.get("journal")).get("name")),
            ids={one.scheme: one.value for one in ids},
            abstract=_text(item.get("abstract")),
            tldr=_text(_object(item.get("tldr")).get("text")),
            citation_count=_count(item.get("citationCount")),
            listed_count=_count(item.get("referenceCount")),
            origin="s2",
        ),
        cites=tuple(_parse_cites(item.get("references"), {str(one) for one in ids})),
    )


def _parse_ids(item: dict[str, Any]) -> list[PaperId]:
    """Return at most one identifier a scheme; an arXiv DOI is the arXiv identifier."""
    chosen: dict[str, PaperId] = {}
    if external := _object(item.get("externalIds")):
        for one in filter(None, (find_id(scheme, external.get(name)) for name, scheme in _SCHEMES)):
            chosen.setdefault(one.scheme, one)
    if own := find_id("s2", item.get("paperId")):
        chosen["s2"] = own
    return list(chosen.values())


def _parse_date(item: dict[str, Any], arxiv: PaperId | None) -> tuple[int | None, date | None]:
    given = item.get("year")
    year = given if isinstance(given, int) and not isinstance(given, bool) and 1000 <= given <= 2999 else None
    try:
        published_on = date.fromisoformat(_text(item.get("publicationDate")))
    except ValueError:
        published_on = None
    year = year or (published_on.year if published_on else None)
    first = _first_month(arxiv) if arxiv else None
    if first:
        year = min(year or first[0], first[0])
    if published_on and (published_on.year != year or (first and (published_on.year, published_on.month) > first)):
        published_on = None
    return year, published_on


def _first_month(arxiv: PaperId) -> tuple[int, int]:
    """Return year and month of an arXiv identifier: ``YYMM.NNNN``, or ``archive/YYMMNNN`` from 1991 on."""
    digits = arxiv.value.rpartition("/")[2]
    year = int(digits[:2])
    return year + (1900 if year >= 91 else 2000), int(digits[2:4])


def _parse_cites(items: object, own: set[str]) -> Iterator[OpenCitation]:
    seen = set(own)
    for item in _objects(items):
        title, key = _text(item.get("title")), None
        if item.get("externalIds"):
            ids = _parse_ids(item)
            key = next((str(one) for one in ids if str(one) in own), None) or (choose_key(ids) if ids else None)
        elif isinstance(only := item.get("paperId"), str) and _OWN_ID.fullmatch(only):
            # Nine references in ten: two hundred thousand in the shape of most files deserve the short way.
            key = f"s2:{only.lower()}"
        name = key or title.casefold()
        if name and name not in seen:
            seen.add(name)
            yield OpenCitation(key, title)


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
