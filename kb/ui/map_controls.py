"""What a reader sets above the map, kept in the address: of what, as of when, which layers, how many, whose kin."""

from dataclasses import dataclass, replace

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.records import ArticleView, ConceptView, Layer, MapView, PaperView
from kb.ui.address_state import index_of, one_of, seed, tell
from kb.ui.links import escape

LAYERS: tuple[Layer, ...] = ("cited", "claimed", "executed")
SIZES = (25, 50, 100, 200, 400)
_DEFAULT_SIZE = 50
_GENERATIONS = ("all", "0", "1", "2", "3", "4", "5", "6")
MAP_WIDTH_PX = 730
"""The drawing area's width on a laptop, beside the column of the open record."""


@dataclass(frozen=True, slots=True)
class MapChoice:
    """What the reader asks for: a map of ideas or papers, the record that is open, a view, the ends of a path."""

    of: str
    key: str
    view: MapView
    start: str
    end: str


def choose_map(library: Library) -> MapChoice:
    """Draw the controls and return what they say."""
    key, focus = _read_key(library, "key"), _read_key(library, "focus")
    if not focus and ("up" in st.query_params or "down" in st.query_params):
        focus = key
    what, when, which, many = st.columns([1.5, 3, 2.6, 1.2], vertical_alignment="bottom")
    of = _choose_of(what, focus or key)
    if focus and focus.startswith("concept:") != (of == "ideas"):
        focus = ""
    view = MapView(
        focus=focus,
        as_of=_choose_year(when, library, of),
        layers=_choose_layers(which) if of == "ideas" else LAYERS,
        limit=_choose_size(many),
        width_px=MAP_WIDTH_PX,
    )
    if focus:
        view = _choose_generations(library, view)
    return MapChoice(of, key, view, _read_key(library, "from"), _read_key(library, "to"))


def _read_key(library: Library, name: str) -> str:
    """Return the key of the record that a query parameter names; empty, and a line says why, if unknown."""
    if not (given := st.query_params.get(name, "")):
        return ""
    try:
        return library.resolve(given).replace("code:", "concept:", 1)
    except KBError as error:
        st.warning(str(error))
        return ""


def _choose_of(place: st.delta_generator.DeltaGenerator, key: str) -> str:
    default = "papers" if key and not key.startswith("concept:") else "ideas"
    kinds = ("ideas", "papers")
    index = index_of(kinds, seed("map of", "of", one_of(kinds), default))
    of = place.radio("Map of", kinds, index, key="map of", horizontal=True)
    tell("map of", "of", of if of != default else "")
    return str(of)


def _choose_year(place: st.delta_generator.DeltaGenerator, library: Library, of: str) -> int | None:
    years = (
        [one.introduced for one in library.concepts()] if of == "ideas" else [one.year for one in library.papers()]
    )
    known = [year for year in years if year is not None]
    if not known or min(known) == max(known):
        return None
    first, last = min(known), max(known)
    widget = f"map as of, {of}, {first} to {last}"
    value = seed(widget, "asof", lambda text: min(max(int(text), first), last), last)
    year = int(place.slider("As known at the end of", first, last, value, key=widget, format="%d"))
    tell(widget, "asof", str(year) if year != last else "")
    return year if year != last else None


def _choose_layers(place: st.delta_generator.DeltaGenerator) -> tuple[Layer, ...]:
    def parse(text: str) -> list[Layer]:
        return [layer for layer in LAYERS if layer in text.split(",")]

    value = seed("map layers", "layers", parse, list(LAYERS))
    chosen = place.pills("Layers", LAYERS, selection_mode="multi", default=value, key="map layers") or []
    layers = tuple(layer for layer in LAYERS if layer in chosen)
    tell("map layers", "layers", ",".join(layers) if len(layers) < len(LAYERS) else "")
    return layers


def _choose_size(place: st.delta_generator.DeltaGenerator) -> int:
    index = index_of(SIZES, seed("map size", "most", one_of(SIZES), _DEFAULT_SIZE))
    size = int(place.selectbox("At most", SIZES, index, key="map size"))
    tell("map size", "most", str(size) if size != _DEFAULT_SIZE else "")
    return size


def _choose_generations(library: Library, view: MapView) -> MapView:
    """Draw the line that says whose kin is shown and how far, and return the view with it."""
    told, back, forth, whole = st.columns([4, 1.4, 1.4, 1.5], vertical_alignment="bottom")
    name = title_of(library.show(view.focus))
    told.html(f'<p class="quiet">Only the ancestors and descendants of</p><p>{escape(name)}</p>')
    numbers = []
    for place, label, parameter in ((back, "Generations back", "up"), (forth, "Generations on", "down")):
        widget = f"map {parameter}"
        index = index_of(_GENERATIONS, seed(widget, parameter, one_of(_GENERATIONS), "all"))
        chosen = place.selectbox(label, _GENERATIONS, index, key=widget)
        tell(widget, parameter, chosen if chosen != "all" else "")
        numbers.append(None if chosen == "all" else int(chosen))
    if st.query_params.get("focus") != view.focus:
        st.query_params["focus"] = view.focus
    whole.button("Show the whole map", on_click=_leave_focus)
    return replace(view, up=numbers[0], down=numbers[1])


def title_of(record: PaperView | ConceptView | ArticleView) -> str:
    """Return the name of an idea or the title of a paper or an article."""
    if isinstance(record, ConceptView):
        return record.concept.name
    return record.paper.title if isinstance(record, PaperView) else record.article.title


def enter_focus(key: str) -> None:
    """Write to the address that only the kin of a record is wanted."""
    st.query_params["key"] = key
    st.query_params["focus"] = key


def _leave_focus() -> None:
    for name in ("focus", "up", "down"):
        if name in st.query_params:
            del st.query_params[name]
