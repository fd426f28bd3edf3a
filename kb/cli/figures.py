"""What a program reported, as aligned tables: figures are JSON values of a stranger, and any shape may come."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from kb.cli.page import write, write_heading, write_lines, write_rows

if TYPE_CHECKING:
    from kb.records import RunResult

_SHORT = 8
"""How many numbers of a list are written out."""


def print_result(result: "RunResult", show: Callable[[Mapping[str, object]], None] | None = None) -> None:
    """Print the status, the figures and what the program wrote.

    Parameters
    ----------
    show : prints the figures of a run that ended well, where they are no stranger's
    """
    style = "green" if result.status == "ok" else "red"
    write((result.status, style), (f"  {result.wall_s:.2f} s, confined by {result.confinement or 'nothing'}", "dim"))
    (show if show is not None and result.status == "ok" else print_figures)(result.figures)
    for heading, text in (("Printed", result.stdout), ("Error output", result.stderr)):
        if text.strip():
            write_heading(heading)
            write_lines(text, indent=2)
    if result.truncated:
        write(("its output was longer than is kept", "dim"), indent=2)


def value_text(value: object) -> str:
    """Return a figure in words; of a long list only its form."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={value_text(one)}" for name, one in value.items()) or "-"
    return _list_text(value) if isinstance(value, list | tuple) else str(value)


def _list_text(values: Sequence[object]) -> str:
    if len(values) <= _SHORT and not any(isinstance(one, list | tuple | Mapping) for one in values):
        return (" x " if _are_sizes(values) else ", ").join(map(value_text, values)) or "-"
    first = values[0]
    if isinstance(first, list | tuple):
        return f"{len(values):,} rows of {len(first):,}"
    return f"{len(values):,} values"


def _are_sizes(values: Sequence[object]) -> bool:
    return len(values) > 1 and all(isinstance(one, int) and not isinstance(one, bool) for one in values)


def print_figures(figures: Mapping[str, object]) -> None:
    tables = {name: value for name, value in figures.items() if _is_table(value)}
    write_rows([(_name(name), value_text(value)) for name, value in figures.items() if name not in tables])
    for name, rows in tables.items():
        write_heading(_name(name).capitalize())
        assert isinstance(rows, list | tuple)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        write_rows([list(map(_name, columns)), *([value_text(row.get(one)) for one in columns] for row in rows)])


def _is_table(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(isinstance(row, Mapping) for row in value)


def _name(name: str) -> str:
    return str(name).replace("_", " ")
