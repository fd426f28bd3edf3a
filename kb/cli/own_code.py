"""A user's own code on the command line: read from a file or from standard input, and what it is."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.errors import InvalidQueryError, NotFoundError

if TYPE_CHECKING:
    from kb.library import Library
    from kb.records import Idea, Parameter, SnippetFile, SnippetReading

STDIN = "-"

Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter", metavar="NAME [= DEFAULT] [in LOW..HIGH | of A | B]", help="A setting; may be repeated."
    ),
]
Like = Annotated[str, typer.Option("--like", metavar="IDEA", help="The idea whose form, gates and weights it takes.")]


def is_code(name: str) -> bool:
    """Tell whether a name on the command line means code of one's own: a Python file, or standard input."""
    return name == STDIN or name.endswith(".py")


def read_own(name: str) -> "SnippetFile":
    """Return the code of a file, or of standard input, and what it says of itself where it was exported.

    Raises
    ------
    NotFoundError     : there is no such file
    InvalidQueryError : it is a folder, empty, too large, not readable or no UTF-8 text
    """
    from kb.library.snippet_files import MOST_CODE, decode_code, read_file

    if name == STDIN:
        return read_file(decode_code(sys.stdin.buffer.read(MOST_CODE + 1), "standard input"))
    path = Path(name)
    if not path.exists():
        raise NotFoundError(f"no such file; check the path: {path}")
    if not path.is_file():
        raise InvalidQueryError(f"{path} is not a file; give a Python program")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_CODE + 1)
    except OSError as error:
        raise InvalidQueryError(f"{path} cannot be read ({error.strerror}); give a file that can") from error
    return read_file(decode_code(content, str(path)))


def read_for_run(library: "Library", name: str, like: str) -> "tuple[str, SnippetFile, SnippetReading]":
    """Return under which name a file's run is recorded, its code, and what it is."""
    own = read_own(name)
    address = f"file:{'standard input' if name == STDIN else Path(name).name}"
    return address, own, library.read_code(own.code, like=like or own.like, parameters=own.parameters, name=address)


def read_ideas(library: "Library", names: Sequence[str]) -> "list[Idea]":
    """Return the ideas that names mean; a file stands for a variant, like the first idea that is none.

    Raises
    ------
    InvalidQueryError : a file is a program and no variant
    """
    named = {name: library.idea(name) for name in names if not is_code(name)}
    like = next((idea.slug for idea in named.values() if ":" not in idea.slug), "")
    for name in names:
        if name not in named:
            _, _, reading = read_for_run(library, name, like)
            if reading.idea is None:
                why = "".join(f": {remark}" for remark in reading.remarks)
                raise InvalidQueryError(f"{name} is a program and no variant of an idea{why}")
            named[name] = reading.idea
    return [named[name] for name in names]


def parameters_line(parameters: "Sequence[Parameter]") -> str:
    """Return what can be set, each with its default, its range or its choices."""
    told = []
    for one in parameters:
        span = f" ({one.low:g}..{one.high:g})" if one.low is not None and one.high is not None else ""
        choices = f" ({' | '.join(one.choices)})" if one.choices else ""
        default = str(one.default).lower() if isinstance(one.default, bool) else f"{one.default}"
        told.append(f"{one.name}={default}{span}{choices}")
    return ", ".join(told)
