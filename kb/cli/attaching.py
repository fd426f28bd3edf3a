"""``attach``: code of a user's own is kept with a paper or an idea: of a file, standard input, an exported set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import Json
from kb.cli.own_code import STDIN, Like, Parameters, is_code, read_own
from kb.cli.session import open_library
from kb.cli.snippet_words import print_settings, snippet_json, snippet_kind
from kb.cli.streams import complain, write_json
from kb.errors import NotFoundError

if TYPE_CHECKING:
    from kb.records import SnippetsTaken


def attach(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A paper, an idea, or exported code.")],
    file: Annotated[str, typer.Argument(metavar="[FILE.py]", help="A Python file; - for standard input.")] = "",
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Else it is called like the file.")] = "",
    parameters: Parameters = None,
    like: Like = "",
    as_json: Json = False,
) -> None:
    """Keep code of your own with a paper or an idea.

    \b
    stemma attach linear-attention slow.py --parameter "decay = 0.9 in 0..1"
    stemma attach exported.zip
    """
    with open_library(context) as library:
        if not file and (Path(key).is_dir() or key.endswith(".zip")):
            _tell_taken(library.attach_set(_existing(key)), as_json)
            return
        if not file and not is_code(key):
            raise typer.BadParameter("give a Python file after it, or - for standard input", param_hint=key)
        own = read_own(file or key)
        label = name or own.name or (Path(file or key).name if (file or key) != STDIN else "from standard input")
        named = "; ".join(parameters) if parameters else own.parameters
        snippet = library.attach(key if file else own.key, label, own.code, parameters=named, like=like or own.like)
        reading = library.read_snippet(snippet)
    if as_json:
        write_json(snippet_json(snippet, reading))
        return
    from kb.cli.page import write

    write(f"{snippet.name} is attached to {snippet.key} as {snippet.address}, {snippet_kind(snippet, reading)}")
    print_settings(reading)


def _existing(name: str) -> Path:
    path = Path(name)
    if not path.exists():
        raise NotFoundError(f"no such file; check the path: {path}")
    return path


def _tell_taken(taken: "SnippetsTaken", as_json: bool) -> None:
    """Print what became of a set; exit code 1 where some of it was refused."""
    if as_json:
        write_json(taken)
    else:
        from kb.cli.page import write

        for one in taken.attached:
            write(f"{one.name} is attached to {one.key} as {one.address}")
        for file in taken.already:
            write(f"{file} is here already")
    for file, reason in taken.refused:
        complain(f"{file}: {reason}")
    if taken.refused:
        raise typer.Exit(1)
