"""What a search for relations found: the order as a drawing, then the relations, and a draft of each candidate."""

from collections.abc import Mapping, Sequence

import streamlit as st

from kb.claims.discovery.telling import tell, tell_evidence
from kb.errors import KBError
from kb.library import Library
from kb.library.discovery_report import sort_relations
from kb.records import DiscoveredRelation, Discovery
from kb.ui.links import address, escape, link
from kb.ui.marks import count_words
from kb.ui.order_chart import build_order

_MOST_DRAFTS = 12


def show_progress(figures: Mapping[str, object]) -> None:
    """Draw how far a search is."""
    told = figures.get("progress")
    if isinstance(told, dict) and isinstance(told.get("total"), int) and told["total"]:
        share = min(1.0, max(0.0, float(told.get("done", 0)) / told["total"]))
        st.progress(share, escape(str(told.get("what", ""))[:100]))


def show_orders(found: Sequence[Discovery], names: Mapping[str, str]) -> None:
    """Draw the orders alone, as a recorded search shows them."""
    for one in found:
        st.html(f"<h2>The form {escape(one.form)}: {count_words(len(one.relations), 'relation')}</h2>")
        _draw_order(one, names)


def show_discoveries(library: Library, found: Sequence[Discovery], names: Mapping[str, str]) -> None:
    """Draw what was found, form by form."""
    if not found:
        st.html("<p>No two of these ideas have one form.</p>")
    for one in found:
        _show_discovery(library, one, names, heading=len(found) > 1)


def _show_discovery(library: Library, one: Discovery, names: Mapping[str, str], *, heading: bool) -> None:
    title = f"Who is a special case of whom: the form {one.form}" if heading else "Who is a special case of whom"
    st.html(f"<h2>{escape(title)}</h2>")
    _draw_order(one, names)
    if not one.relations:
        st.html("<p>No relation was found between them.</p>")
    for place, (name, relations) in enumerate(sort_relations(one)):
        with st.expander(f"{name} ({len(relations)})", expanded=place == 0):
            items = "".join(_tell_relation(relation, names) for relation in relations)
            st.html(f'<ul class="rows tight">{items}</ul>')
            if place == 0:
                _offer_drafts(library, relations[:_MOST_DRAFTS], one.form)
    st.html(f"<p class='quiet'>{_tell_search(one, names)}</p>")


def _draw_order(one: Discovery, names: Mapping[str, str]) -> None:
    st.markdown(build_order(one, names), unsafe_allow_html=True)  # st.html leaves drawings out


def _tell_relation(relation: DiscoveredRelation, names: Mapping[str, str]) -> str:
    claims = ", ".join(link(address("claims", id=one), one) for one in relation.claims)
    known = "; ".join(filter(None, (claims, escape(", ".join(relation.edges)))))
    about = f"<br>In the catalogue: {known}" if known else ""
    return (
        f"<li>{escape(tell(relation, names))}<br>"
        f'<span class="quiet">{escape(tell_evidence(relation))}{about}</span></li>'
    )


def _tell_search(one: Discovery, names: Mapping[str, str]) -> str:
    told = f"{count_words(one.tried, 'output')} held against one another in {one.seconds:.1f} s."
    if one.dropped:
        pairs = "; ".join(f"{names.get(first, first)} and {names.get(other, other)}" for first, other in one.dropped)
        told += f" Agreed on the inputs tried and not on fresh ones, so left out: {pairs}."
    return escape(told)


def _offer_drafts(library: Library, relations: Sequence[DiscoveredRelation], form: str) -> None:
    """Draw a box of candidates; the one that is chosen is shown as a claim that runs, and can be kept."""
    places = range(len(relations))
    chosen = st.selectbox(
        "A draft of a claim",
        places,
        None,
        key=f"draft {form}",
        format_func=lambda place: tell(relations[place]),
        placeholder="Choose a relation",
    )
    if chosen is None:
        return
    try:
        code = library.draft_claim(relations[chosen])
        if st.button("Keep it as a claim of my own", key=f"keep draft {form}"):
            kept = library.add_claim(code, "the draft")
            st.html(f"<p>Kept: {link(address('claims', id=kept.address), kept.name)}. Run it there.</p>")
    except KBError as error:
        st.warning(escape(str(error)))
        return
    st.code(code, language="python", height=420)
