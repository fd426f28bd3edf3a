"""Which page an address means, and what stands around it: the line at the top, the library, one line for an error."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.ui import article, claim, compare, costs, discover, idea, lineage, paper, run, search, snippet, train
from kb.ui import library as shelf
from kb.ui.frame import show_masthead
from kb.ui.links import escape
from kb.ui.opening import open_library

Show = Callable[[Library], None]

#: Path, title, drawing function; the first is the page without a path.
PAGES: tuple[tuple[str, str, Show], ...] = (
    ("", "Search", search.show),
    ("lineage", "Lineage", lineage.show),
    ("paper", "Paper", paper.show),
    ("idea", "Idea", idea.show),
    ("article", "Article", article.show),
    ("compare", "Compare", compare.show),
    ("claims", "Claims", claim.show),
    ("discover", "Discover", discover.show),
    ("costs", "Costs", costs.show),
    ("train", "Train", train.show),
    ("snippet", "Your own code", snippet.show),
    ("run", "Run", run.show),
    ("library", "Library", shelf.show),
)
#: Pages on which code may be run: a worker is made ready while the reader reads.
_RUNNING = {"idea", "compare", "costs", "discover", "train", "snippet", "run"}


def show() -> None:
    """Show the page of the address."""
    pages = [
        st.Page(partial(_show_page, path, page), title=f"{title} · Stemma", url_path=path, default=not path)
        for path, title, page in PAGES
    ]
    st.navigation(pages, position="hidden").run()


def _show_page(path: str, page: Show) -> None:
    show_masthead(path)
    try:
        library = open_library()
        if path in _RUNNING:
            library.warm_up()
        page(library)
    except KBError as error:
        st.error(escape(str(error)))
