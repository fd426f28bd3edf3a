"""A paper among others: what it cites, what cites it, what it cites that is not here, what stands near it."""

import streamlit as st

from kb.library import Library
from kb.records import Mention, Neighbour, OpenCitation, PaperView
from kb.ui.links import address, escape, link, record_link
from kb.ui.marks import authors_line, count_words
from kb.ui.state import asked, asked_number, here, page_links

PER_PAGE = 12
#: So many works that are not here are listed; the rest is counted.
_OPEN_SHOWN = 200
_WAYS = {
    "text": ("by text", "nearest in meaning"),
    "co-citation": ("cited together", "cited by the same papers"),
    "coupling": ("citing the same", "citing the same papers"),
}


def show_citations(view: PaperView) -> None:
    """Draw both directions, a page at a time, and what is cited but not here."""
    _show_list("Cites", view.cites, "cites", "Nothing that it cites is in this library.")
    _show_open(view.open_citations)
    _show_list("Cited by", view.cited_by, "citing", "Nothing in this library cites it.")


def show_neighbours(library: Library, key: str) -> None:
    """Draw the papers near this one, in one of three senses."""
    chosen = asked("near") if asked("near") in _WAYS else "text"
    ways = " &ensp; ".join(
        f"<strong>{words}</strong>" if way == chosen else link(here("paper", near=way), words)
        for way, (words, _) in _WAYS.items()
    )
    st.html(f'<h2>Near it</h2><p class="stay">{ways}</p>')
    with st.spinner("Looking around it"):
        found = library.similar(key, by=chosen, limit=8)
    rows = "".join(f"<li>{_draw_neighbour(one)}</li>" for one in found)
    empty = f'<p class="quiet">No other paper here is {escape(_WAYS[chosen][1])}.</p>'
    st.html(f'<ul class="rows tight dated">{rows}</ul>' if rows else empty)


def _show_list(heading: str, mentions: tuple[Mention, ...], name: str, empty: str) -> None:
    last = max(1, -(-len(mentions) // PER_PAGE))
    number = min(asked_number(name, 1) or 1, last)
    rows = "".join(f"<li>{_draw_mention(one)}</li>" for one in mentions[(number - 1) * PER_PAGE : number * PER_PAGE])
    count = f' <span class="quiet num">{len(mentions):,} here</span>' if mentions else ""
    body = f'<ul class="rows tight dated">{rows}</ul>' if rows else f'<p class="quiet">{empty}</p>'
    pager = page_links("paper", name, number, more=number < last, last=last)
    st.html(f'<section class="stay"><h2>{heading}{count}</h2>{body}{pager}</section>')


def _show_open(works: tuple[OpenCitation, ...]) -> None:
    if not works:
        return
    rows = "".join(f"<li>{_draw_open(one)}</li>" for one in works[:_OPEN_SHOWN])
    rest = f"<li class='quiet'>and {len(works) - _OPEN_SHOWN:,} more</li>" if len(works) > _OPEN_SHOWN else ""
    st.html(
        f"<details><summary>It also cites {count_words(len(works), 'work')} that "
        f"{'is' if len(works) == 1 else 'are'} not here</summary>"
        f'<p class="quiet">They are linked by themselves when they come into the library.</p>'
        f'<ul class="rows tight">{rows}{rest}</ul></details>'
    )


def _draw_open(work: OpenCitation) -> str:
    title = escape(work.title or work.key or "without a title")
    if not work.key or not work.key.startswith("arxiv:"):
        return title + (f' <span class="quiet">{escape(work.key)}</span>' if work.key and work.title else "")
    return f"{title} &ensp; {link(address('library', add=work.key), f'add {work.key}')}"


def _draw_mention(mention: Mention) -> str:
    authors = authors_line(mention.authors)
    note = f'<span class="quiet">{escape(" · ".join(filter(None, (authors, mention.note))))}</span>'
    return f"{_draw_year(mention.year)}{record_link(mention.key, mention.title)} &ensp;{note}"


def _draw_neighbour(one: Neighbour) -> str:
    near = f"{count_words(one.count, 'paper')} shared" if one.count else f"cosine {one.score:.2f}"
    return f'{_draw_year(one.year)}{record_link(one.key, one.title)} &ensp;<span class="quiet num">{near}</span>'


def _draw_year(year: int | None) -> str:
    return f'<span class="year">{year or "–"}</span>'
