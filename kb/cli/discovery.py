"""Relations that nobody wrote down, searched for: ``stemma discover``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import Json
from kb.cli.session import open_library
from kb.cli.streams import complain, write_json
from kb.cli.words import count_words

_LOOK_S = 0.2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kb.library import Library
    from kb.records import DiscoveredRelation, Discovery, RunResult, Ticket


def discover(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FAMILY | FORM | IDEA IDEA...]", help="By default all ideas; also snippet:N."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="What the random inputs and weights depend on.")] = 0,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is known, what follows from others, what any two share.")
    ] = False,
    draft: Annotated[
        int | None,
        typer.Option("--draft", metavar="N", min=1, help="Print relation N as a claim that runs, and nothing else."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the answer, or the draft, to a file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Search for substitutions under which two ideas are one, and print the ideas as an order.

    Tried are the declared neutral values, special inputs (orthonormal keys, one token, ...) and limits. Of what fresh
    inputs bear out, the weakest conditions are shown.

    \b
    stemma discover norm
    stemma discover retention linear-attention
    stemma discover fast-weights --json --out found.json
    stemma discover delta-rule mesa-layer --draft 1 --out draft.py
    """
    with open_library(context) as library:
        result = _wait(library.begin_discover(names or [], seed=seed))
        found = library.read_discovery(result.figures)
        if draft is not None:
            _write(_draft(library, found, draft), out)
            return
    if as_json or (out is not None and out.suffix == ".json"):
        _write_document(found, result, out)
        return
    if out is not None:
        from kb.library.discovery_report import build_markdown

        _write(build_markdown(found), out)
        return
    from kb.cli.discovered import print_discoveries

    print_discoveries(found, everything=everything)


def _wait(ticket: "Ticket") -> "RunResult":
    """Return how a search ended, telling on the way how far it is.

    Raises
    ------
    typer.Exit : it did not end well
    """
    from kb.cli.meter import Meter

    with Meter() as meter:
        try:
            while (result := ticket.wait(_LOOK_S)) is None:
                told = ticket.figures.get("progress")
                if isinstance(told, dict):
                    meter.tell(str(told.get("what")), int(told.get("done", 0)), int(told.get("total", 0)))
        except KeyboardInterrupt:
            ticket.cancel()
            ticket.wait()
            raise
    if result.status != "ok":
        complain(f"{result.status}: {result.message or 'the search did not end well'}")
        raise typer.Exit(1)
    return result


def _draft(library: "Library", found: "Sequence[Discovery]", number: int) -> str:
    from kb.errors import NotFoundError

    relations: list[DiscoveredRelation] = [one for each in found for one in each.relations]
    if number > len(relations):
        raise NotFoundError(f"there is no relation {number}: {count_words(len(relations), 'relation')} found")
    return library.draft_claim(relations[number - 1])


def _write(text: str, out: Path | None) -> None:
    if out is None:
        from kb.cli.page import write_lines

        write_lines(text)
    else:
        out.write_text(text, encoding="utf-8")


def _write_document(found: "Sequence[Discovery]", result: "RunResult", out: Path | None) -> None:
    from kb.library.discovery_report import build_document

    document = build_document(found) | {"run": result.key, "seconds": result.wall_s}
    if out is None:
        write_json(document)
        return
    import json

    from kb.cli.streams import to_json

    out.write_text(json.dumps(to_json(document), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
