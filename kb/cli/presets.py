"""``presets``: models at the sizes of their papers, what is counted of them beside what is printed."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import Json
from kb.cli.session import open_library
from kb.cli.streams import write_json

if TYPE_CHECKING:
    from kb.records import Figure, Preset


def presets(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A model, an architecture, an idea or a paper; all by default.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Count the parameters of published models, without memory, and set them against the papers.

    \b
    stemma presets bert
    stemma presets rwkv-4-169m
    """
    with open_library(context) as library:
        found = library.presets(name)
    if as_json:
        from dataclasses import asdict

        write_json({"presets": [asdict(preset) for preset in found]})
    elif len(found) == 1:
        _print_one(found[0])
    else:
        for _, rows in groupby(found, key=lambda preset: preset.architecture):
            _print_table(list(rows))


def _print_table(found: "Sequence[Preset]") -> None:
    from kb.cli.page import write, write_rows

    first = found[0]
    write((first.architecture.replace("_", "-"), "bold"), (f"  {first.paper}", "dim"))
    flops = first.flops
    head = [
        "",
        "parameters",
        "printed",
        "",
        *(["FLOPs"] if flops else []),
        *(part for one in flops for part in (one.place, "")),
    ]
    write_rows([head, *(_row(preset) for preset in found)], right=True)
    write((_tell_notes(first, several=True), "dim"), indent=2)
    write("")


def _row(preset: "Preset") -> list[str]:
    counted = [f"{one.counted:,}" for one in preset.flops[:1]]
    printed = [part for one in preset.flops for part in (one.printed, _tell_share(one))]
    figure = preset.parameters
    return [preset.key, f"{figure.counted:,}", figure.printed, _tell_share(figure), *counted, *printed]


def _print_one(preset: "Preset") -> None:
    from kb.cli.page import write, write_heading, write_rows

    figure = preset.parameters
    write((preset.name, "bold"), (f"  {preset.key}  {preset.paper}", "dim"))
    write_rows([(name.replace("_", " "), _tell_size(size)) for name, size in preset.config.items()], right=True)
    write_heading("Parameters")
    parts = [(name, f"{count:,}", f"{count / figure.counted:.1%}") for name, count in preset.parts.items()]
    write_rows([*parts, ("together", f"{figure.counted:,}", "")], right=True)
    write(f"printed {figure.printed}, {figure.place}: {_tell_relation(figure)}", indent=2)
    if preset.flops:
        write_heading("FLOPs of matrix products, for a token")
        write(f"{preset.flops[0].counted:,}", indent=2)
    for one in preset.flops:
        write(f"printed {one.printed}, {one.place}: {_tell_relation(one)}", indent=2)
    write("")
    write((_tell_notes(preset, several=False), "dim"), indent=2)
    if preset.runs:
        settings = " ".join(f"--set {name}={value}" for name, value in preset.run.items())
        write(f"stemma run {preset.runs} {settings}", indent=2)


def _tell_share(figure: "Figure") -> str:
    """Return how far a counted number is from the printed one; an equals sign where it is met."""
    return "=" if figure.met else f"{figure.relative:+.1%}"


def _tell_relation(figure: "Figure") -> str:
    if figure.met:
        return "met to its last digit"
    return f"counted are {abs(figure.relative):.1%} {'more' if figure.relative > 0 else 'less'}"


def _tell_size(size: object) -> str:
    return ("yes" if size else "no") if isinstance(size, bool) else f"{size:,}"


def _tell_notes(preset: "Preset", *, several: bool) -> str:
    """Return what is to be said of a table, or of one row of it."""
    more = f"'stemma show {preset.paper}' tells of the difference." if preset.divergence else ""
    return " ".join(part for part in ("" if several else preset.note, preset.family_note, more) if part)
