"""The library, opened once for all readers of this process, with its building in plain sight."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.settings import read_settings


@dataclass(slots=True)
class _Held:
    """Open libraries by database: one, unless a test changes the setting."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    libraries: dict[str, Library] = field(default_factory=dict)


@st.cache_resource(show_spinner=False)
def _hold() -> _Held:
    return _Held()


def open_library() -> Library:
    """Return the library; the first reader builds it if need be and sees how far it is, others wait for him.

    Raises
    ------
    KBError : a setting is wrong, or the library cannot be opened or built
    """
    settings = read_settings()
    held = _hold()
    # In any case: with one element less the second time, what is below would move up and begin anew, tabs closed.
    place = st.empty()
    if ready := held.libraries.get(settings.db):
        return ready
    place.html('<p class="quiet">Opening the library …</p>')
    with held.lock:
        if settings.db not in held.libraries:
            held.libraries[settings.db] = Library.open(settings=settings, progress=_Bar(place).draw)
            warming = threading.Thread(target=_warm, args=(held.libraries[settings.db],), daemon=True)
            warming.start()
    place.empty()
    return held.libraries[settings.db]


def _warm(library: Library) -> None:
    """Load the embedding model while the reader reads: the first search would wait a second or two for it."""
    with suppress(KBError):
        library.search("attention", limit=1)


class _Bar:
    """A progress bar that appears when there is something to report."""

    def __init__(self, place: st.delta_generator.DeltaGenerator) -> None:
        self._place = place

    def draw(self, what: str, done: int, total: int) -> None:
        share = min(done / total, 1.0) if total else 0.0
        count = f": {done:,} of {total:,}" if total > 1 else ""
        self._place.progress(share, text=f"Building the library once, {what}{count}")
