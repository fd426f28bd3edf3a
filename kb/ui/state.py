"""The address is the state: what a page shows is read from the query, and a widget's change is written there.

A widget is set from the address before it is drawn and writes to it when the reader changes it. So the way back, the
way forward and a shared address lead to the same view.
"""

from collections.abc import Sequence

import streamlit as st

from kb.ui.links import address, link


def asked(name: str) -> str:
    """Return what the address says under this name, stripped; empty where it says nothing."""
    return str(st.query_params.get(name, "")).strip()


def asked_number(name: str, least: int = 0, most: int = 9999) -> int | None:
    """Return a whole number of the address, or None where it holds none in this range."""
    text = asked(name)
    number = int(text) if text.isdecimal() and len(text) <= 9 else None
    return number if number is not None and least <= number <= most else None


def asked_list(name: str, allowed: Sequence[str]) -> list[str]:
    """Return those of the allowed words that the address names, in their order there."""
    named = asked(name).split(",")
    return [word for word in allowed if word in named]


def tell(**changes: str | int | None) -> None:
    """Write to the address; what is None or empty is left out of it."""
    given = {name.rstrip("_"): value for name, value in changes.items()}
    kept = {name: value for name, value in st.query_params.items() if name not in given}
    chosen = {name: str(value) for name, value in given.items() if value not in (None, "", False)}
    st.query_params.from_dict(kept | chosen)


def here(page: str, /, **changes: str | int | None) -> str:
    """Return the address of this very view with some of its state changed."""
    state: dict[str, str | int | None] = dict(st.query_params.items())
    return address(page, **(state | changes))


def page_links(page: str, name: str, number: int, *, more: bool, last: int | None = None) -> str:
    """Return links to the page before and after, in a row; empty where there is neither.

    Parameters
    ----------
    name : of the query parameter that holds the number
    more : whether there is a page after this one
    last : the number of the last page, where it is known
    """
    links = []
    if number > 1:
        links.append(link(here(page, **{name: number - 1 if number > 2 else None}), "← Previous"))
    if number > 1 or more:
        links.append(f'<span class="quiet num">page {number:,}{f" of {last:,}" if last else ""}</span>')
    if more:
        links.append(link(here(page, **{name: number + 1}), "Next →"))
    return f'<nav class="pager" aria-label="More pages">{"".join(links)}</nav>' if links else ""
