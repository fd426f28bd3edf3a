"""What a program reported, as aligned tables: figures are JSON values of a stranger, and any shape may come."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kb.cli.page import write, write_heading, write_lines, write_rows

if TYPE_CHECKING:
    from kb.records import RunResult

_SHORT = 8
"""How many numbers of a list are written out."""


def print_result(result: "RunResult") -> None:
    """Print the status, the figures and what the program wrote."""
    style = "green" if result.status == "ok" else "red"
    write((result.status, style), (f"  {result.wall_s:.2f} s, confined by {result.confinement or 'nothing'}", "dim"))
    figures = result.figures
    if _is_comparison(figures):
        _print_comparison(figures)
    else:
        _print_figures(figures)
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


def _print_figures(figures: Mapping[str, object]) -> None:
    tables = {name: value for name, value in figures.items() if _is_table(value)}
    write_rows([(_name(name), value_text(value)) for name, value in figures.items() if name not in tables])
    for name, rows in tables.items():
        write_heading(_name(name).capitalize())
        assert isinstance(rows, list | tuple)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        write_rows([list(map(_name, columns)), *([value_text(row.get(one)) for one in columns] for row in rows)])


def _is_table(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(isinstance(row, Mapping) for row in value)


def _is_comparison(figures: Mapping[str, object]) -> bool:
    return figures.keys() == {"ideas", "pairs"} and all(_is_table(value) for value in figures.values())


def _print_comparison(figures: Mapping[str, object]) -> None:
    ideas, pairs = figures["ideas"], figures["pairs"]
    assert isinstance(ideas, list | tuple)
    assert isinstance(pairs, list | tuple)
    names = [name for name in dict.fromkeys(name for idea in ideas for name in idea) if name != "growth"]
    write_rows([[_name(name), *(value_text(idea.get(name)) for idea in ideas)] for name in names])
    write_heading("Differences of the outputs")
    for pair in pairs:
        write(f"{' and '.join(pair['between'])}: {_difference(pair)}", indent=2, hang=2)


def _difference(pair: Mapping[str, object]) -> str:
    if not pair.get("comparable"):
        return "not comparable, their outputs have different shapes"
    if pair.get("first_index") is None:
        return f"equal within {value_text(pair.get('tolerance'))} of the largest output"
    place = pair["first_index"]
    where = f", first at [{', '.join(map(str, place))}]" if isinstance(place, list | tuple) else ""
    share = value_text(pair.get("relative"))
    return f"at most {value_text(pair.get('max_abs'))} apart, {share} of the largest output{where}"


def _name(name: str) -> str:
    return str(name).replace("_", " ")
