"""The path between two records: two boxes, and the hops with their evidence."""

import streamlit as st

from kb.library import Library
from kb.records import Hop, LineageMap, Path
from kb.ui.address_state import seed, tell
from kb.ui.links import address, escape, link, record_link
from kb.ui.map_controls import title_of
from kb.ui.marks import kind_words


def choose_ends(library: Library, of: str, drawn: LineageMap) -> None:
    """Draw the two boxes; what they say goes to the address."""
    if of == "ideas":
        names = {one.key: f"{one.name} ({one.introduced})" for one in library.concepts()}
    else:
        ordered = sorted(drawn.points, key=lambda point: (point.year, point.title))
        names = {point.key: f"{point.title} ({point.year})" for point in ordered}
    for label, parameter in (("From", "from"), ("To", "to")):
        given = st.query_params.get(parameter, "")
        if given and given not in names:
            names[given] = title_of(library.show(given))
        widget = f"path {parameter}, {of}"
        value = seed(widget, parameter, str, None)
        chosen = st.selectbox(
            label,
            list(names),
            list(names).index(value) if value in names else None,
            key=widget,
            format_func=names.__getitem__,
            placeholder="Choose a record",
        )
        tell(widget, parameter, chosen or "")


def find_path(library: Library, start: str, end: str) -> Path | None:
    """Return the path between two records, whichever of them is the older; None where there is none."""
    return library.path(start, end) or library.path(end, start)


def show_path(library: Library, start: str, end: str, path: Path | None) -> None:
    """Draw the hops of a path, oldest first, or say that there is none."""
    if start == end:
        st.info("Both ends are the same record: choose two.")
    elif path is None:
        ends = " and ".join(title_of(library.show(one)) for one in (start, end))
        st.info(f"No path joins {ends} and keeps to time. Choose another record: an older one often helps.")
    else:
        titles = dict(zip(path.keys, path.titles, strict=True))
        first = f"<li>{record_link(path.keys[0], path.titles[0])}</li>"
        steps = "".join(_tell(hop, titles) for hop in path.hops)
        away = link(address("lineage"), "leave the path")
        st.html(
            f"<h3>{escape(path.titles[0])} to {escape(path.titles[-1])}</h3>"
            f'<ol class="rows tight">{first}{steps}</ol><p class="quiet">{away}</p>'
        )


def _tell(hop: Hop, titles: dict[str, str]) -> str:
    words = escape(f"{kind_words(hop.kind)}, {hop.layer}")
    return (
        f"<li>{record_link(hop.end, titles[hop.end])} "
        f'<span class="quiet">{words}<br>{escape(hop.evidence)}</span></li>'
    )
