"""Keeps widgets and the address in step: the address wins when it has changed, otherwise what the reader did.

A widget's own binding to the address would write its label there; these write what other pages and links can name.
A widget is always drawn with its present value as its default: one that the browser meets for the first time in a
later run, because a click cut the first one short, would otherwise start from the lowest value.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

Value = TypeVar("Value")


def seed(widget: str, name: str, parse: Callable[[str], Value], default: Value) -> Value | None:
    """Return the value to draw a widget with, or None where the address has changed and the value is set already.

    Parameters
    ----------
    widget : the widget's key
    name   : of the query parameter
    parse  : reads the parameter; what raises ValueError counts as absent
    """
    told = (st.query_params.get(name, ""), default)
    if widget in st.session_state and st.session_state.get(_told(widget)) == told:
        present: Value = st.session_state[widget]
        return present
    try:
        value = parse(told[0]) if told[0] else default
    except ValueError:
        value = default
    st.session_state[_told(widget)] = told
    if widget not in st.session_state:
        return value
    st.session_state[widget] = value
    return None


def tell(widget: str, name: str, text: str) -> None:
    """Write to the address what a seeded widget says; an empty text takes the parameter away."""
    if text:
        if st.query_params.get(name) != text:
            st.query_params[name] = text
    elif name in st.query_params:
        del st.query_params[name]
    st.session_state[_told(widget)] = (text, st.session_state[_told(widget)][1])


def _told(widget: str) -> str:
    return f"{widget} in the address"


def one_of(options: tuple[Value, ...]) -> Callable[[str], Value]:
    """Return a parser that takes the option which reads like the text, and raises ValueError for any other text."""
    by_text = {str(option): option for option in options}

    def parse(text: str) -> Value:
        if text not in by_text:
            raise ValueError(text)
        return by_text[text]

    return parse


def index_of(options: Sequence[Value], value: Value | None) -> int:
    """Return where a value stands among a widget's options; the first where it is none of them."""
    return options.index(value) if value is not None and value in options else 0
