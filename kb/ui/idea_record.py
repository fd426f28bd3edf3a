"""The written part of an idea's page: names, definition, equation, lineage with its evidence, papers."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from kb.library import Library
from kb.records import ConceptView, Evidence, LineageEdge, Mention, Paper
from kb.ui.contested import CONTESTED, tell_positions
from kb.ui.edge_layers import list_claims, tell_layers, tell_own
from kb.ui.links import address, escape, link, record_link
from kb.ui.marks import FAMILY_COLOURS, authors_line, family_name, kind_words
from kb.ui.state import asked_number, page_links

_IN_FULL = 3
"""Up to so many relatives are told with note and evidence; where there are more, these open by a click."""
_PER_PAGE = 12
_ROLES = {"introduces": "introduces it", "uses": "uses it", "mentions": "mentions it"}


def show_record(library: Library, record: ConceptView) -> None:
    """Draw what is written about an idea."""
    concept = record.concept
    _show_head(record)
    left, right = st.columns([11, 8], gap="large")
    with left:
        st.html(f"<p>{escape(concept.definition)}</p><p class='zh' lang='zh'>{escape(concept.definition_zh)}</p>")
        if concept.equation:
            st.latex(concept.equation)
        _show_papers(record.papers)
    with right:
        papers = {paper.key: paper for paper in library.papers()}
        _show_lineage("Comes from", record, record.ancestors, papers, library)
        _show_lineage("Led to", record, record.descendants, papers, library)
        around = address("lineage", key=concept.key, focus=concept.key)
        st.html(
            f"<p>{link(address('lineage', key=concept.key), 'On the map')} &ensp; "
            f"{link(around, 'Only its ancestors and descendants')}</p>"
        )


def _show_head(record: ConceptView) -> None:
    concept = record.concept
    names = " · ".join(escape(name) for name in (concept.name_zh, *concept.aliases) if name not in ("", concept.name))
    colour = FAMILY_COLOURS.get(concept.family, "currentColor")
    facts = [f'<span class="swatch" style="background:{colour}"></span>{escape(family_name(concept.family))}']
    if origin := record.introduced_by:
        who = escape(authors_line(origin.authors))
        facts.append(f"introduced by {record_link(origin.key, origin.title)}, {who} {origin.year or ''}")
    elif concept.introduced:
        facts.append(str(concept.introduced))
    st.html(f'<h1>{escape(concept.name)}</h1><p class="quiet zh">{names}</p><p class="quiet">{" · ".join(facts)}</p>')


def _show_lineage(
    title: str, record: ConceptView, edges: tuple[LineageEdge, ...], papers: Mapping[str, Paper], library: Library
) -> None:
    if not edges:
        return
    cards = {card.id: card for card in library.claims()}
    verdicts = {one.claim: one for one in library.verdicts()}
    items = []
    for edge in edges:
        evidence = "; ".join(_tell_evidence(one, papers) for one in edge.evidence)
        layers = tell_layers(record.layers_of(edge), evidence)
        told = f"{_tell_edge(edge, record)}<br>{layers}{tell_own(record.claims, edge)}"
        who = partial(_tell_evidence, papers=papers)
        note = (
            f'<span class="quiet">{escape(edge.note)}</span>{tell_positions(edge, who)}'
            f"{list_claims(edge.claims, cards, verdicts, edge.unclaimed)}"
        )
        items.append(
            f"<li>{told}<br>{note}</li>"
            if len(edges) <= _IN_FULL
            else f"<li><details><summary>{told}</summary>{note}</details></li>"
        )
    st.html(f'<h2>{title}</h2><ul class="rows tight">{"".join(items)}</ul>')


def _tell_edge(edge: LineageEdge, record: ConceptView) -> str:
    words = f'<span class="quiet">{escape(kind_words(edge.kind))}</span>'
    is_ancestor = edge.descendant == record.concept.slug
    other = edge.ancestor if is_ancestor else edge.descendant
    name = record_link(f"concept:{other}", record.names.get(other, other))
    contested = f' <span class="quiet">{CONTESTED}</span>' if edge.is_contested else ""
    return (f"{words} {name}" if is_ancestor else f"{name} {words} it") + contested


def _tell_evidence(evidence: Evidence, papers: Mapping[str, Paper]) -> str:
    paper = papers.get(evidence.paper)
    who = f"{authors_line(paper.authors, paper.authors_more)} ({paper.year})" if paper else evidence.paper
    return f"{record_link(evidence.paper, who)}, {escape(evidence.locator)}"


def _show_papers(papers: tuple[Mention, ...]) -> None:
    if not papers:
        return
    last = -(-len(papers) // _PER_PAGE)
    number = min(asked_number("papers", 1) or 1, last)
    items = "".join(
        f'<li><span class="year">{one.year or ""}</span>{record_link(one.key, one.title)} '
        f'<span class="quiet">{escape(_ROLES.get(one.note, one.note))}</span></li>'
        for one in papers[(number - 1) * _PER_PAGE : number * _PER_PAGE]
    )
    count = f' <span class="quiet num">{len(papers):,} here</span>'
    pager = page_links("idea", "papers", number, more=number < last, last=last)
    st.html(f'<section class="stay"><h2>Papers{count}</h2><ul class="rows tight dated">{items}</ul>{pager}</section>')
