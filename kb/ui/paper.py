"""Paper: the record, what it says, its ideas, its place among others, and how complete all of this is."""

import streamlit as st

from kb.errors import InvalidIdError, NotFoundError
from kb.library import Library
from kb.records import ArticleView, Mention, PaperView
from kb.ui.divergences import show_divergences
from kb.ui.links import address, escape, link, outside_address, outside_link, record_link
from kb.ui.marks import FAMILY_COLOURS, count_words, family_name, record_kind
from kb.ui.paper_links import show_citations, show_neighbours
from kb.ui.presets import show_presets
from kb.ui.snippet_list import show_own_code
from kb.ui.state import asked

_SCHEMES = {"arxiv": "arXiv", "doi": "DOI", "acl": "ACL Anthology", "s2": "Semantic Scholar", "openalex": "OpenAlex"}
#: So many authors are named before "and n more".
_AUTHORS = 20


def show(library: Library) -> None:
    """Draw the paper that the address names."""
    name = asked("key")
    if not name:
        st.html(
            f"<h1>Which paper?</h1><p>A paper is reached from {link(address(''), 'Search')}, or by its identifier: "
            f"{link(address('paper', key='arxiv:1706.03762'), 'arxiv:1706.03762')} after <code>/paper?key=</code>. "
            f"{link(address('library'), 'Library')} lists them all.</p>"
        )
        return
    try:
        view = library.show(name)
    except (InvalidIdError, NotFoundError) as error:
        st.error(escape(str(error)))
        adding = link(address("library", add=name), "Add it from arXiv")
        st.html(f"<p>{link(address('', q=name), 'Search for it')} &ensp; {adding}</p>")
        return
    if isinstance(view, ArticleView):
        st.html(f"<p>{escape(name)} is an article: {record_link(view.article.key, view.article.title)}.</p>")
        return
    if not isinstance(view, PaperView):
        st.html(f"<p>{escape(name)} is an idea: {record_link(view.concept.key, view.concept.name)}.</p>")
        return
    _show_head(view)
    text, margin = st.columns([5, 3], gap="large")
    with text:
        _show_text(view)
        show_divergences(view.divergences, {one.slug: one.name for one in library.concepts()})
        show_citations(view)
    with margin:
        st.html(_draw_facts(view))
        st.html(_draw_ideas(view.ideas))
        if view.articles:
            links = ", ".join(record_link(one.key, one.title) for one in view.articles)
            st.html(f"<h2>Mentioned by</h2><p>{links}</p>")
        st.html(_draw_ledger(view))
        show_own_code(library, view.paper.key, view.snippets)
    show_presets(library, view.paper.key, "paper")
    show_neighbours(library, view.paper.key)


def _show_head(view: PaperView) -> None:
    paper = view.paper
    authors = ", ".join(paper.authors[:_AUTHORS])
    more = paper.authors_more + max(0, len(paper.authors) - _AUTHORS)
    authors += f" and {more:,} more" if more and authors else ""
    when = f"{paper.published_on:%-d %B %Y}" if paper.published_on else str(paper.year or "year unknown")
    chinese = f'<p class="quiet zh">{escape(paper.title_zh)}</p>' if paper.title_zh else ""
    line = " · ".join(escape(part) for part in (paper.venue, when) if part)
    st.html(f"<h1>{escape(paper.title)}</h1>{chinese}<p>{escape(authors)}<br><span class='quiet'>{line}</span></p>")


def _show_text(view: PaperView) -> None:
    paper = view.paper
    parts = [
        f'<p class="lead">{escape(paper.summary)}</p>' if paper.summary else "",
        f'<p class="zh">{escape(paper.summary_zh)}</p>' if paper.summary_zh else "",
        f'<p class="quiet">In one sentence, written by a machine: {escape(paper.tldr)}</p>' if paper.tldr else "",
        _folded("Abstract, as its origin gives it", f"<p>{escape(paper.abstract)}</p>") if paper.abstract else "",
    ]
    st.html("".join(parts) or '<p class="quiet">No summary and no abstract came with this record.</p>')


def _draw_facts(view: PaperView) -> str:
    """Return the identifiers, the family and the way to the map as a list of facts."""
    paper = view.paper
    facts = [
        (name, outside_link(outside_address(scheme, paper.ids[scheme]), _short(paper.ids[scheme])))
        for scheme, name in _SCHEMES.items()
        if scheme in paper.ids
    ]
    if paper.kind != "paper":
        facts.insert(0, ("Kind", escape(record_kind(paper.kind))))
    if paper.url:
        facts.append(("Address", outside_link(paper.url, paper.url.removeprefix("https://"))))
    if paper.family:
        swatch = f'<span class="swatch" style="background:{FAMILY_COLOURS.get(paper.family, "gray")}"></span>'
        facts.append(("Family", swatch + escape(family_name(paper.family))))
    if paper.citation_count is not None:
        facts.append(("Cited", f"{paper.citation_count:,} times, says {escape(paper.origin)}"))
    facts.append(("Lineage", link(address("lineage", key=paper.key, of="papers"), "this paper on the map")))
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    return f'<dl class="facts">{rows}</dl>'


def _draw_ideas(ideas: tuple[Mention, ...]) -> str:
    blocks = []
    for role, heading in (("introduces", "Introduces"), ("uses", "Uses"), ("mentions", "Mentions")):
        links = [record_link(one.key, one.title) for one in ideas if one.note == role]
        if links:
            blocks.append(f"<h2>{heading}</h2><p>{', '.join(links)}</p>")
    return "".join(blocks) or '<p class="quiet">No idea of the catalogue is linked to this paper.</p>'


def _draw_ledger(view: PaperView) -> str:
    """Return which origin gave how many citations, and whether that is all of them."""
    paper = view.paper
    lines = []
    for entry in view.ledger:
        nameless = f", {entry.cites_untitled:,} of them without an identifier" if entry.cites_untitled else ""
        lines.append(f"{escape(entry.origin)}: {count_words(entry.cites_given, 'work')} cited{nameless}")
    if paper.listed_count is not None:
        lines.append(f"{escape(paper.origin)} says that the whole list has {count_words(paper.listed_count, 'work')}")
    lines.append(
        "Its citations of other papers in the catalogue are complete."
        if paper.cites_complete
        else "Nobody has confirmed that the list of what it cites is complete."
    )
    rows = "".join(f"<li>{line}</li>" for line in lines)
    return f'<h2>How complete</h2><ul class="rows tight quiet">{rows}</ul>'


def _folded(summary: str, body: str) -> str:
    return f'<details><summary class="quiet">{escape(summary)}</summary>{body}</details>'


def _short(value: str) -> str:
    return f"{value[:10]}…" if len(value) == 40 else value
