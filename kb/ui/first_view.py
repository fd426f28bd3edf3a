"""What a reader sees before he asks: what this is, three questions, the ideas that run, the newest verdicts."""

import streamlit as st

from kb.library import Library
from kb.ui import claims
from kb.ui.links import address, escape, link, record_link
from kb.ui.marks import count_words

QUESTIONS = ("who invented linear attention", "is RWKV a recurrent network?", "快速权重是什么")
#: So many ideas at most are named on the first page.
_IDEAS_SHOWN = 14


def show_introduction(library: Library) -> None:
    """Draw two sentences that say what this is."""
    counts = library.counts()
    st.html(
        '<p class="lead">Where does an idea of neural architecture come from, what did it change, and is it the same '
        "as an older one under another name? "
        f"Here are {count_words(counts['papers'], 'paper')}, {count_words(counts['ideas'], 'idea')} and the lines of "
        "descent between them, each with its evidence. Ideas that have code run here, and claims about two of them "
        "are checked by executing both.</p>"
    )


def show_rest(library: Library) -> None:
    """Draw the questions, the ideas that run, the newest verdicts, and the way to the map."""
    asked = " &ensp; ".join(link(address("", q=question), question) for question in QUESTIONS)
    st.html(f'<p><span class="quiet">Try</span> &ensp; {asked}</p>')
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.html(f"<h2>Ideas that run</h2>{_draw_ideas(library)}")
    with right:
        st.html("<h2>Newest verdicts</h2>")
        claims.show_newest(library)
    st.html(_draw_ways_on(library))


def _draw_ideas(library: Library) -> str:
    concepts = {one.slug: one for one in library.concepts()}
    named = [concepts[idea.slug] for idea in library.ideas() if idea.slug in concepts]
    coded = sorted(named, key=lambda one: (one.introduced or 0, one.name))
    # Evenly thinned out over the years: the list is a taste, the whole of it a click away.
    shown = coded[:: max(1, -(-len(coded) // _IDEAS_SHOWN))]
    rows = "".join(
        f'<li><span class="year">{one.introduced or ""}</span>{record_link(one.key, one.name)}'
        f' <span class="quiet zh">{escape(one.name_zh if one.name_zh != one.name else "")}</span></li>'
        for one in shown
    )
    every = link(address("idea"), f"all {len(coded)} of them") if len(shown) < len(coded) else ""
    return f'<ul class="rows tight">{rows}</ul><p>{every}</p>'


def _draw_ways_on(library: Library) -> str:
    counts = library.counts()
    lines = (
        f"{count_words(counts['lineage edges'], 'line')} of descent, "
        f"{count_words(counts['citations linked'], 'citation')}"
    )
    return (
        f"<p>{link(address('lineage'), 'Map of all ideas')} <span class='quiet'>by year and family: {lines}</span>"
        f"<br>{link(address('idea'), 'All ideas')} <span class='quiet'>by name</span> &ensp; "
        f"{link(address('library'), 'All papers')} <span class='quiet'>by year, and how to add your own</span></p>"
    )
