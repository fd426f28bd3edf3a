"""Two records of one paper become one: whose word counts, and where nobody may decide. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields

from kb.ids import PaperId, find_id
from kb.records import Paper, PaperRecord

#: Strongest first. The catalogue is written by hand; arXiv knows its own first versions; the rest is second hand.
ORIGINS = ("catalogue", "arxiv", "s2", "openalex", "crossref", "acl", "file")

#: What makes up a paper's own row, in the order of the columns; identity, authors and links are kept elsewhere, and
#: names that readers gave it come from the catalogue alone.
COLUMNS = tuple(
    field.name
    for field in fields(Paper)
    if field.name not in {"key", "ids", "authors", "introduces", "uses", "known_as"}
)

_HASHED = (*COLUMNS, "authors", "introduces", "uses")


def strength(origin: str) -> int:
    """Return the rank of an origin, 0 the strongest; one that nobody listed is the weakest."""
    return ORIGINS.index(origin) if origin in ORIGINS else len(ORIGINS)


def keys_of(paper: Paper) -> frozenset[str]:
    """Return all identifiers of a paper as ``scheme:value``, its key included."""
    found = (find_id(scheme, value) for scheme, value in paper.ids.items())
    return frozenset({paper.key, *(str(one) for one in found if one)})


def merge_values(existing: Mapping[str, object], incoming: Paper) -> dict[str, object]:
    """Return the columns that change when ``incoming`` is merged into ``existing``.

    A stronger or equal origin overrides with what it has; a weaker one only fills gaps. Empty never overrides.
    """
    mine, its = str(existing["origin"]), incoming.origin
    overrides = strength(its) <= strength(mine)
    changes: dict[str, object] = {}
    for name in COLUMNS:
        new, old = getattr(incoming, name), existing[name]
        if name == "origin":
            new = its if strength(its) < strength(mine) else mine
        elif name == "shipped":
            new = bool(old) or bool(new)
        elif new in (None, "", 0, False) or (not overrides and old not in (None, "")):
            continue
        if new != old:
            changes[name] = new
    return changes


def find_disagreement(existing: frozenset[str], incoming: frozenset[str]) -> str:
    """Return why two records that share an identifier may not be the same paper, or an empty string.

    They disagree where one scheme of strong identifiers has two values (decision 0003).
    """
    for scheme in ("arxiv", "doi", "s2", "openalex", "acl"):
        mine, its = ({key for key in keys if key.startswith(f"{scheme}:")} for keys in (existing, incoming))
        if mine and its and not mine & its:
            return f"shares an identifier but {min(its)} is not {min(mine)}"
    return ""


def hash_record(record: PaperRecord) -> str:
    """Return the SHA-256 of a record's content: equal means that there is nothing to do."""
    paper = record.paper
    # Plain repr of plain values: a tenth of the time of a JSON text, and as definite.
    values = [getattr(paper, name) for name in _HASHED]
    cites = [part for one in record.cites for part in (one.key, one.title)]
    content = repr((paper.key, sorted(paper.ids.items()), values, cites))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def as_ids(keys: frozenset[str]) -> list[PaperId]:
    """Return keys of the form ``scheme:value`` as identifiers, in order."""
    return [PaperId(*key.split(":", 1)) for key in sorted(keys)]
