"""The page Lineage: the map of ideas or papers, with the record that is open beside it."""

from dataclasses import replace

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.records import LineageMap, MapView
from kb.ui import beside_map, map_path
from kb.ui.links import address, escape, link
from kb.ui.map_chart import BOTTOM_PX, CLICK, TOP_PX, build_option
from kb.ui.map_controls import MapChoice, choose_map
from kb.ui.marks import count_words
from kb.ui.year_list import build_year_list

_CHART = "lineage-map"
_NARROW = (
    "<style>.st-key-map-by-year{display:none}"
    "@media (max-width:640px){.st-key-map-by-year{display:flex}.st-key-map-drawn{display:none}}</style>"
)
_FORMS = {
    "graphml": "GraphML",
    "gexf": "GEXF",
    "dot": "Graphviz",
    "mermaid": "Mermaid",
    "json": "JSON",
    "text": "Text",
}
_SUFFIXES = {"dot": "gv", "mermaid": "mmd", "text": "txt"}


def show(library: Library) -> None:
    """Draw the page for the address as it is."""
    st.html(f"<h1>Lineage</h1>{_NARROW}")
    choice = choose_map(library)
    try:
        choice, drawn = _draw_map(library, choice)
        path = map_path.find_path(library, choice.start, choice.end) if choice.start and choice.end else None
        if path:
            drawn = _draw_with_path(library, choice, drawn, path.keys)
    except KBError as error:
        st.warning(str(error))
        st.html(f"<p>{link(address('lineage'), 'Show the whole map')}</p>")
        return
    _show_tools(library, choice, drawn)
    if choice.start and choice.end:
        map_path.show_path(library, choice.start, choice.end, path)
    if not drawn.points:
        st.info("Nothing to draw for this choice: move the year to a later one, or switch on a layer.")
        return
    left, right = st.columns([11, 4], gap="medium")
    with left:
        _show_map(choice, drawn, path.keys if path else ())
    with right:
        if choice.key:
            beside_map.show_record(library, choice.key)
        else:
            beside_map.show_guide(library)


def _draw_map(library: Library, choice: MapChoice) -> tuple[MapChoice, LineageMap]:
    """Return the map, around the open record where the whole map would leave it out."""
    drawn = library.map(choice.view, of=choice.of)
    is_kind = choice.key.startswith("concept:") == (choice.of == "ideas")
    if not choice.key or not is_kind or choice.view.focus or any(one.key == choice.key for one in drawn.points):
        return choice, drawn
    around = replace(choice, view=replace(choice.view, focus=choice.key))
    return around, library.map(around.view, of=choice.of)


def _draw_with_path(library: Library, choice: MapChoice, drawn: LineageMap, keys: tuple[str, ...]) -> LineageMap:
    """Return a map on which the whole path stands, where one of 200 records has room for it."""
    wanted = {key for key in keys if key.startswith("concept:") == (choice.of == "ideas")}
    for limit in (100, 200):
        if wanted <= {point.key for point in drawn.points}:
            break
        view = MapView(as_of=choice.view.as_of, layers=choice.view.layers, limit=limit, width_px=choice.view.width_px)
        drawn = library.map(view, of=choice.of)
    return drawn


def _show_tools(library: Library, choice: MapChoice, drawn: LineageMap) -> None:
    """Draw what is shown in numbers, the boxes for a path, and the export."""
    told, path, out = st.columns([5, 1.5, 1], vertical_alignment="center")
    noun = "idea" if choice.of == "ideas" else "paper"
    more = f", {count_words(drawn.hidden, 'more', 'more')} not drawn" if drawn.hidden else ""
    counted = f"{count_words(len(drawn.points), noun)}, {count_words(len(drawn.links), 'line')}{more}"
    told.html(f'<p class="quiet">{counted}</p>')
    with path.popover("Path between two"):
        map_path.choose_ends(library, choice.of, drawn)
    with out.popover("Export"):
        form = st.selectbox("Format", list(_FORMS), format_func=_FORMS.__getitem__, key="export format")
        st.download_button(
            "Save this map",
            data=lambda: library.export_lineage(choice.view.focus, choice.view, form, of=choice.of),
            file_name=f"lineage.{_SUFFIXES.get(form, form)}",
            mime="text/plain",
        )


def _show_map(choice: MapChoice, drawn: LineageMap, path: tuple[str, ...]) -> None:
    with st.container(key="map-drawn"):
        # It registers its component when it is imported, which must happen inside a running app.
        from streamlit_echarts import st_echarts

        st_echarts(
            build_option(drawn, dark=st.context.theme.type == "dark", chosen=choice.key, path=path),
            events={"click": CLICK},
            height=f"{drawn.height_px + TOP_PX + BOTTOM_PX}px",
            key=_CHART,
            on_change=_open_clicked,
        )
        beside_map.show_key(choice.of)
    with st.container(key="map-by-year"):
        st.html(f'<p class="quiet">{escape("By year, oldest first")}</p>{build_year_list(drawn)}')


def _open_clicked() -> None:
    clicked = st.session_state[_CHART].get("chart_event")
    if isinstance(clicked, str):
        st.query_params["key"] = clicked
