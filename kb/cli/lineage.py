"""The lineage: ``lineage`` of one record, and the ``path`` between two."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import Json, parse_choices
from kb.cli.session import open_library
from kb.cli.streams import plain_lines, write_json, write_json_text

if TYPE_CHECKING:
    from kb.records import Layer, Path

_LAYERS: "tuple[Layer, ...]" = ("cited", "claimed", "executed")
_FORMATS = ("text", "json", "graphml", "gexf", "dot", "mermaid")


def lineage(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A paper's identifier, or an idea's name.")],
    up: Annotated[int | None, typer.Option(min=0, help="Generations of ancestors; all by default.")] = None,
    down: Annotated[int | None, typer.Option(min=0, help="Generations of descendants; all by default.")] = None,
    layer: Annotated[str, typer.Option(metavar="LAYER,...", help="Only these links: cited, claimed, executed.")] = "",
    as_of: Annotated[int | None, typer.Option(metavar="YEAR", min=1, max=9999, help="As known in this year.")] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="text, json, graphml, gexf, dot or mermaid.")
    ] = "text",
    limit: Annotated[int | None, typer.Option(min=1, help="How many records at most; all by default.")] = None,
) -> None:
    """Show what a record comes from and what came of it."""
    chosen = parse_choices(layer, _LAYERS, "--layer")
    (written,) = parse_choices(form, _FORMATS, "--format", most=1) or ("text",)
    with open_library(context) as library:
        from kb.records import MapView

        layers = tuple(one for one in _LAYERS if not chosen or one in chosen)
        network = library.lineage(key, MapView(up=up, down=down, as_of=as_of, layers=layers, limit=limit))
    from kb.graph.export import export_network

    document = export_network(network, written)
    if written == "json":
        write_json_text(document)
    elif written in ("graphml", "gexf"):
        sys.stdout.write(document)
    else:
        sys.stdout.write(plain_lines(document) + "\n")


def path(
    context: typer.Context,
    start: Annotated[str, typer.Argument(metavar="FROM", help="A paper's identifier, or an idea's name.")],
    end: Annotated[str, typer.Argument(metavar="TO", help="The same.")],
    as_json: Json = False,
) -> None:
    """Show how one record reaches another, with evidence.

    The path runs with time, ancestor first, whichever of the two is named first.
    """
    with open_library(context) as library:
        found = library.path(start, end)
    if as_json:
        write_json(found or {"keys": [], "titles": [], "hops": []})
    elif found is None:
        typer.echo(f"no path: neither {start} nor {end} descends from the other by anything that is in this library")
    else:
        _print_path(found)


def _print_path(found: "Path") -> None:
    from kb.cli.page import write

    titles = dict(zip(found.keys, found.titles, strict=True))
    write((found.titles[0], "bold"), (f"  {found.keys[0]}", "dim"))
    for hop in found.hops:
        write((hop.evidence, "dim"), indent=4)
        write(("-> ", "dim"), (titles[hop.end], "bold"), (f"  {hop.end}", "dim"), hang=3)
