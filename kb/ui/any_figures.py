"""Figures of a program that nobody knows: single values in a table, lists of numbers as curves, tables as they are.

They are a stranger's words: whatever comes is shown, nothing of it is trusted.
"""

from collections.abc import Mapping, Sequence
from typing import TypeGuard

import streamlit as st

from kb.ui.figures import build_curves, build_table, current_ink, draw
from kb.ui.links import escape
from kb.ui.numbers import show_number

_MOST_ROWS, _MOST_CURVES, _MOST_CHARS = 40, 8, 200
_SHORT = 8
"""A list of no more numbers is written out."""


def show_any(figures: Mapping[str, object], *, key: str) -> None:
    """Draw figures by their shape; ``key`` sets the drawing apart from others on the page."""
    curves = {name: value for name, value in figures.items() if _are_numbers(value) and len(value) > _SHORT}
    tables = {name: value for name, value in figures.items() if _is_table(value)}
    rest = [(escape(name), _tell(value)) for name, value in figures.items() if name not in curves | tables]
    if rest:
        st.html(build_table(("", ""), rest[:_MOST_ROWS]) + _tell_more(len(rest) - _MOST_ROWS, "figures"))
    if curves:
        shown = {name: list(enumerate(values)) for name, values in list(curves.items())[:_MOST_CURVES]}
        draw(build_curves(shown, current_ink(), across="place in the list", up="value"), key=f"{key} curves")
        if more := _tell_more(len(curves) - _MOST_CURVES, "lists"):
            st.html(more)
    for name, rows in tables.items():
        columns = list(dict.fromkeys(str(column) for row in rows for column in row))[:_MOST_CURVES]
        cells = [[_tell(row.get(column)) for column in columns] for row in rows[:_MOST_ROWS]]
        table = build_table([escape(column) for column in columns], cells)
        st.html(f'<p class="quiet">{escape(name)}</p>{table}{_tell_more(len(rows) - _MOST_ROWS, "rows")}')


def _are_numbers(value: object) -> TypeGuard[list[float]]:
    return isinstance(value, list) and all(_is_number(one) for one in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _is_table(value: object) -> TypeGuard[Sequence[Mapping[str, object]]]:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(row, Mapping) for row in value)


def _tell(value: object) -> str:
    """Return one figure in words, as HTML."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if _is_number(value):
        return show_number(value)
    if isinstance(value, list):
        if _are_numbers(value) and len(value) <= _SHORT:
            return ", ".join(show_number(one) for one in value) or "empty"
        first = value[0] if value else None
        return f"{len(value):,} rows of {len(first):,}" if isinstance(first, list) else f"{len(value):,} values"
    if isinstance(value, Mapping):
        return (
            ", ".join(f"{escape(str(name))} = {_tell(one)}" for name, one in list(value.items())[:_SHORT]) or "none"
        )
    text = str(value)
    return escape(text[:_MOST_CHARS]) + (" …" if len(text) > _MOST_CHARS else "")


def _tell_more(count: int, what: str) -> str:
    return f'<p class="quiet">and {count:,} more {what}</p>' if count > 0 else ""
