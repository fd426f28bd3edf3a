"""The map as a list by year: what a narrow screen shows in its place, with the same links."""

from itertools import groupby

from kb.records import LineageMap, MapLink, MapPoint
from kb.ui.links import escape, record_link
from kb.ui.marks import kind_words, verdict_mark


def build_year_list(drawn: LineageMap) -> str:
    """Return the records of a map as HTML, oldest first, each with the lineage that leads to it."""
    points = {point.key: point for point in drawn.points}
    ancestry: dict[str, list[MapLink]] = {}
    for link in drawn.links:
        if link.layer != "cited":
            ancestry.setdefault(link.younger, []).append(link)
    ordered = sorted(drawn.points, key=lambda point: (point.year, -point.weight, point.key))
    parts = []
    for year, listed in groupby(ordered, key=lambda point: point.year):
        items = "".join(_tell(point, ancestry.get(point.key, []), points) for point in listed)
        parts.append(
            f'<h4 style="margin:1rem 0 .2rem">{year}</h4><ul style="margin:0;padding-left:1.1rem">{items}</ul>'
        )
    return "".join(parts)


def _tell(point: MapPoint, ancestry: list[MapLink], points: dict[str, MapPoint]) -> str:
    lines = "".join(f"<div>{_tell_link(link, points[link.older])}</div>" for link in ancestry)
    mark = _mark(point.verdict, point.stale) if point.verdict else ""
    code = " · code" if point.has_code else ""
    head = f"{record_link(point.key, point.title or point.label)} {mark}"
    return (
        f'<li style="margin:.35rem 0">{head}<span style="opacity:.65">{code}</span>'
        f'<div style="font-size:.85em;opacity:.75">{lines}</div></li>'
    )


def _tell_link(link: MapLink, ancestor: MapPoint) -> str:
    mark = _mark(link.verdict, link.stale) if link.layer == "executed" else ""
    return f"{escape(kind_words(link.kind))} {escape(ancestor.title or ancestor.label)} {mark}"


def _mark(verdict: str, stale: bool) -> str:
    sign, word, colour = verdict_mark(verdict, stale)
    return f'<span style="color:{colour}" title="{escape(word)}">{sign} {escape(word)}</span>'
