"""What every page stands in: the style sheet, links that keep the session, the line with the name and the pages."""

from functools import cache
from pathlib import Path

import streamlit as st

from kb.ui.links import address, link

_HERE = Path(__file__).parent
#: What the line at the top leads to; a paper and an idea are reached by links.
_PAGES = (
    *(("", "Search"), ("lineage", "Lineage"), ("compare", "Compare"), ("train", "Train")),
    *(("claims", "Claims"), ("library", "Library")),
)


def show_masthead(page: str) -> None:
    """Draw the line at the top, with the page marked that is open."""
    st.html(f"<style>{_read('frame.css')}</style>")
    st.html(f"<script>{_read('frame.js')}</script>", unsafe_allow_javascript=True)
    entries = (link(address(path), name) for path, name in _PAGES)
    marked = (
        one.replace("<a ", '<a aria-current="page" ') if path == page else one
        for one, (path, _) in zip(entries, _PAGES, strict=True)
    )
    brand = link(address(""), "Stemma", style="brand")
    st.html(f'<header class="masthead">{brand}<nav aria-label="Pages">{"".join(marked)}</nav></header>')


@cache
def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
