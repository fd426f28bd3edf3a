"""The table in which a reader names the parameters of his code; what it says becomes the text that is kept."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from kb.errors import InvalidQueryError
from kb.records import Parameter

_COLUMNS = {
    "offered": "Offered",
    "name": "Name",
    "default": "Default",
    "low": "From",
    "high": "To",
    "choices": "Choices",
}


def name_parameters(known: Sequence[Parameter], present: Sequence[Parameter], *, key: str, selective: bool) -> str:
    """Draw the table, filled with what is named at present, and return what it says as a text.

    Parameters
    ----------
    known     : all that the code has, as the code says it
    present   : what is offered, as it stands now
    key       : the table's; the names are added, so that other code gets another table
    selective : whether some may be left out, as of a program; of a variant all are offered
    """
    if not known:
        return ""
    names = " ".join(one.name for one in known)
    rows = st.data_editor(
        list_rows(known, present),
        key=f"{key} {names}",
        hide_index=True,
        placeholder="",
        disabled=["name"],
        column_order=[name for name in _COLUMNS if selective or name != "offered"],
        column_config={
            "offered": st.column_config.CheckboxColumn(_COLUMNS["offered"], width="small"),
            "name": st.column_config.TextColumn(_COLUMNS["name"]),
            "default": st.column_config.TextColumn(_COLUMNS["default"]),
            "low": st.column_config.NumberColumn(_COLUMNS["low"]),
            "high": st.column_config.NumberColumn(_COLUMNS["high"]),
            "choices": st.column_config.TextColumn(_COLUMNS["choices"], help="Words, parted by |"),
        },
    )
    return write_rows(rows, known, selective=selective)


def list_rows(known: Sequence[Parameter], present: Sequence[Parameter]) -> list[dict[str, Any]]:
    """Return the rows of the table: every parameter of the code, as it is named at present."""
    named = {one.name: one for one in present}
    return [
        {
            "offered": one.name in named,
            "name": one.name,
            "default": _tell(named.get(one.name, one).default),
            "low": named.get(one.name, one).low,
            "high": named.get(one.name, one).high,
            "choices": " | ".join(named.get(one.name, one).choices),
        }
        for one in known
    ]


def write_rows(rows: Sequence[Mapping[str, Any]], known: Sequence[Parameter], *, selective: bool) -> str:
    """Return what a table says as entries parted by semicolons; what is as in the code is left out of an entry.

    Of a program an entry offers the parameter; all are offered where none is named. Of a variant an entry that would
    say nothing new is left out.

    Raises
    ------
    InvalidQueryError : a range with one end
    """
    offered = [_write(row, one) for row, one in zip(rows, known, strict=True) if row["offered"] or not selective]
    refined = [one for one in offered if " " in one]
    everything = len(offered) == len(known) and not refined
    return "; ".join(refined if not selective or everything else offered)


def _write(row: Mapping[str, Any], known: Parameter) -> str:
    told = known.name
    default, choices = (str(row[name] or "").strip() for name in ("default", "choices"))
    if default and default != _tell(known.default):
        told += f" = {default}"
    if (row["low"], row["high"]) != (known.low, known.high):
        if row["low"] is None or row["high"] is None:
            raise InvalidQueryError(f"{known.name}: a range has two ends; fill in both, From and To")
        told += f" in {row['low']:.15g}..{row['high']:.15g}"
    return told + (f" of {choices}" if choices != " | ".join(known.choices) else "")


def _tell(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
