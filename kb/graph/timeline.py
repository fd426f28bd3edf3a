"""The warped year axis: room by density, order by time.

Seventy years hold ten papers, five years hold half of all. So a year is as wide as what happened in it asks for, an
empty stretch shrinks to a sliver, and the order never lies: a tick stands where its year begins, and a dot stands
between the beginnings of its own year and the next.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import log2

import networkx as nx

from kb.records import MapLink, NetworkNode

MARGIN_PX = 11.0
"""Kept free at both ends, so that a dot of the greatest radius is not cut."""
TICK_PX = 34.0
"""The least distance of two ticks: four digits at 11 px, and air."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where each year begins and ends, in pixels from the left edge, and how many columns it is divided into."""

    spans: Mapping[int, tuple[float, float]]
    columns: Mapping[int, int]
    dots: Mapping[int, int]
    """How many dots a year has."""

    def place(self, year: int, column: int) -> float:
        """Return the middle of a column of a year, in pixels."""
        begin, end = self.spans[year]
        return begin + (end - begin) * (column + 0.5) / self.columns[year]

    def ticks(self) -> list[tuple[float, int]]:
        """Return (pixels, year) from left to right, never closer than TICK_PX.

        The first year comes first, then the last, then the fullest: a year is left out where its tick would touch
        one already there.
        """
        if not self.spans:
            return []
        first, last = min(self.spans), max(self.spans)
        ranked = sorted(self.spans, key=lambda year: (year != first, year != last, -self.dots[year], year))
        taken: list[int] = []
        for year in ranked:
            begin = self.spans[year][0]
            if all(abs(begin - self.spans[other][0]) >= TICK_PX for other in taken):
                taken.append(year)
        return [(self.spans[year][0], year) for year in sorted(taken)]


def build_timeline(columns: Mapping[str, int], years: Mapping[str, int], width_px: float) -> Timeline:
    """Return the axis for dots whose years, and columns within their years, are given by key.

    A year with n dots weighs n^0.7, and no less than its columns need; an empty stretch of g years log2(1 + g) / 4.
    """
    dots = Counter(years.values())
    divisions = dict.fromkeys(dots, 1)
    for key, column in columns.items():
        divisions[years[key]] = max(divisions[years[key]], column + 1)
    weights = {year: max(dots[year] ** 0.7, 0.6 * divisions[year]) for year in dots}
    listed = sorted(dots)
    gaps = {after: log2(after - before) / 4 for before, after in pairwise(listed)}
    scale = (width_px - 2 * MARGIN_PX) / (sum(weights.values()) + sum(gaps.values()) or 1.0)
    spans, reached = {}, MARGIN_PX
    for year in listed:
        begin = reached + gaps.get(year, 0.0) * scale
        reached = begin + weights[year] * scale
        spans[year] = (begin, reached)
    return Timeline(spans, divisions, dots)


def place_columns(nodes: Iterable[NetworkNode], links: Iterable[MapLink], room: Mapping[str, int]) -> dict[str, int]:
    """Return each node's column within its year: descendants right of their ancestors, lanes not overfull.

    ``room`` says how many dots of one lane may share a column. Records on a cycle of links follow one another by key.
    """
    by_year: dict[int, list[NetworkNode]] = {}
    for node in nodes:
        if node.year is not None:
            by_year.setdefault(node.year, []).append(node)
    year_of = {node.key: node.year for listed in by_year.values() for node in listed}
    within: dict[int, list[tuple[str, str]]] = {}
    for link in links:
        year = year_of.get(link.older)
        if year is not None and year == year_of.get(link.younger):
            within.setdefault(year, []).append((link.older, link.younger))
    columns: dict[str, int] = {}
    for year, listed in by_year.items():
        columns |= _columns_of_year(listed, within.get(year, []), room)
    return columns


def _columns_of_year(
    nodes: list[NetworkNode], links: list[tuple[str, str]], room: Mapping[str, int]
) -> dict[str, int]:
    graph = nx.DiGraph()
    graph.add_nodes_from(node.key for node in nodes)
    graph.add_edges_from(sorted(links))
    family = {node.key: node.family for node in nodes}
    taken: Counter[tuple[str, int]] = Counter()
    columns: dict[str, int] = {}
    for group in _ancestors_first(graph):
        least = max((columns[near] + 1 for key in group for near in graph.pred[key] if near in columns), default=0)
        for key in group:
            column = least
            while taken[family[key], column] >= room[family[key]]:
                column += 1
            taken[family[key], column] += 1
            columns[key] = column
    return columns


def _ancestors_first(graph: nx.DiGraph) -> list[list[str]]:
    """Return the strongly connected components, each sorted by key, in topological order, ties by key."""
    condensed = nx.condensation(graph)
    members = {number: sorted(data["members"]) for number, data in condensed.nodes(data=True)}
    return [members[number] for number in nx.lexicographical_topological_sort(condensed, key=lambda n: members[n])]
