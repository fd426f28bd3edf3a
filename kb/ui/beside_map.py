"""The column beside the map: the record that is open, or how the map is read."""

import streamlit as st

from kb.library import Library
from kb.records import ConceptView, LineageEdge, PaperView
from kb.ui.contested import CONTESTED
from kb.ui.edge_layers import list_own_apart, tell_layers, tell_own
from kb.ui.links import address, escape, link, record_link
from kb.ui.map_controls import enter_focus
from kb.ui.marks import FAMILY_COLOURS, authors_line, family_name, kind_words
from kb.ui.verdict_lines import mark

_SHOWN = 8
"""How many relatives a list names before it says how many more there are."""
_EXAMPLES = (
    ("concept:fast-weight-programmer", "concept:linear-attention", "from fast weights to linear attention"),
    ("concept:lstm", "concept:rwkv-4", "from the LSTM to RWKV-4"),
    ("concept:post-ln", "concept:pangu-pi", "from Post-LN to PanGu-π"),
)


def show_record(library: Library, key: str) -> None:
    """Draw the record of a key, with its neighbours on the map."""
    record = library.show(key)
    if isinstance(record, ConceptView):
        _show_idea(record)
    elif isinstance(record, PaperView):
        _show_paper(record)
    st.button("Show only its kin", on_click=enter_focus, args=(key,), help="Its ancestors and descendants")


def show_guide(library: Library) -> None:
    """Draw how the map is read, and paths to begin with."""
    known = {one.key for one in library.concepts()}
    paths = [
        f"<li>{link(address('lineage', from_=start, to=end), words)}</li>"
        for start, end, words in _EXAMPLES
        if start in known and end in known
    ]
    begin = f'<h3>Paths to begin with</h3><ul class="rows tight">{"".join(paths)}</ul>' if paths else ""
    st.html(
        "<h3>How to read it</h3><p>Time runs to the right; each family has its lane. A busy year is given more room "
        "than a quiet one, so read the years off the ticks.</p>"
        "<p>Point at a dot or a line for its name. A click on a dot opens its record here.</p>"
        f"{begin}"
    )


def _show_idea(record: ConceptView) -> None:
    concept = record.concept
    colour = FAMILY_COLOURS.get(concept.family, "currentColor")
    facts = " · ".join(str(one) for one in (concept.introduced, family_name(concept.family)) if one)
    origin = record.introduced_by
    introduced = f'<p class="quiet">Introduced by {record_link(origin.key, origin.title)}</p>' if origin else ""
    st.html(
        f"<h3>{record_link(concept.key, concept.name)}</h3>"
        f'<p class="quiet"><span class="swatch" style="background:{colour}"></span>{escape(facts)}'
        f"{' · has code' if record.idea else ''}</p>"
        f"<p>{escape(concept.definition)}</p>{introduced}"
    )
    for title, edges, is_ancestor in (("Comes from", record.ancestors, True), ("Led to", record.descendants, False)):
        if edges:
            lines = [_tell_edge(edge, record, is_ancestor=is_ancestor) for edge in edges]
            st.html(f"<h3>{title}</h3>{_list(lines)}")
    if own := list_own_apart(record):
        st.html(f"<h3>Your own claims</h3>{_list(own)}")


def _tell_edge(edge: LineageEdge, record: ConceptView, *, is_ancestor: bool) -> str:
    other = edge.ancestor if is_ancestor else edge.descendant
    name = link(address("lineage", key=f"concept:{other}"), record.names.get(other, other))
    words = f'<span class="quiet">{escape(kind_words(edge.kind))}</span>'
    contested = f' <span class="quiet">{CONTESTED}</span>' if edge.is_contested else ""
    told = f"{words} {name}" if is_ancestor else f"{name} {words} this"
    return f"{told}{contested}<br>{tell_layers(record.layers_of(edge))}{tell_own(record.claims, edge)}"


def _show_paper(record: PaperView) -> None:
    paper = record.paper
    names = escape(authors_line(paper.authors, paper.authors_more))
    facts = " · ".join(one for one in (names, str(paper.year or ""), escape(paper.venue)) if one)
    st.html(
        f'<h3>{record_link(paper.key, paper.title)}</h3><p class="quiet">{facts}</p>'
        f"<p>{escape(_short(paper.summary or paper.tldr or paper.abstract))}</p>"
    )
    if record.ideas:
        st.html(f"<h3>Ideas</h3>{_list([record_link(one.key, one.title) for one in record.ideas])}")
    for title, mentions in (("Cites", record.cites), ("Cited by", record.cited_by)):
        lines = [f"{link(address('lineage', key=one.key), one.title)} {_year(one.year)}" for one in mentions]
        if lines:
            st.html(f"<h3>{title}</h3>{_list(lines)}")


def _year(year: int | None) -> str:
    return f'<span class="quiet">{year}</span>' if year else ""


def _short(text: str, most: int = 420) -> str:
    """Return the text up to the last whole sentence, or word, that fits."""
    if len(text) <= most:
        return text
    cut = text[:most]
    return cut[: cut.rfind(". ") + 1] if ". " in cut else cut.rsplit(" ", 1)[0] + " …"


def _list(lines: list[str]) -> str:
    items = "".join(f"<li>{line}</li>" for line in lines[:_SHOWN])
    more = f'<li class="quiet">and {len(lines) - _SHOWN} more</li>' if len(lines) > _SHOWN else ""
    return f'<ul class="rows tight">{items}{more}</ul>'


def show_key(of: str) -> None:
    """Draw the key of the map: what lines, dots and signs mean; papers have citations only, and need none."""
    if of != "ideas":
        return
    lines = "".join(
        f'<span><span style="display:inline-block;width:1.9em;vertical-align:middle;border-top:{width}px solid;'
        f'opacity:{opacity}"></span> {name}</span>'
        for name, width, opacity in (("cited", 1, 0.5), ("claimed", 2, 1))
    )
    executed = f"<span>executed: {mark('verified')} {mark('refuted')} {mark('inconclusive')} {mark('not_run')}</span>"
    dot = "display:inline-block;width:.62em;height:.62em;border:1.5px solid;vertical-align:baseline"
    dots = (
        f'<span><span style="{dot};border-radius:.16em;background:currentColor"></span> has code</span>'
        f'<span><span style="{dot};border-radius:50%"></span> no code yet</span>'
    )
    st.html(f'<div class="quiet" style="display:flex;flex-wrap:wrap;gap:.2rem 1.2rem">{lines}{executed}{dots}</div>')
