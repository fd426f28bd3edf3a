"""Papers and records for tests: name what matters, the rest is filled in."""

from typing import Any

from kb.ids import parse_id
from kb.records import OpenCitation, Paper, PaperRecord


def make_paper(key: str = "arxiv:1706.03762", **fields: Any) -> Paper:
    """Return a paper; its key is among its ``ids``, to which the given ones are added."""
    one = parse_id(key)
    ids = {one.scheme: one.value} | dict(fields.pop("ids", {}))
    return Paper(key=key, ids=ids, **({"title": f"Paper {one.value}", "origin": "s2"} | fields))


def make_record(
    key: str = "arxiv:1706.03762", *, cites: tuple[str | OpenCitation, ...] = (), **fields: Any
) -> PaperRecord:
    """Return a paper with what it cites: keys, or open citations as they are."""
    listed = (OpenCitation(one, f"Cited {one}") if isinstance(one, str) else one for one in cites)
    return PaperRecord(make_paper(key, **fields), tuple(listed))


def s2_key(number: int) -> str:
    """Return a well-formed Semantic Scholar key that stands for a number."""
    return f"s2:{number:040x}"
