"""``snippets``: the code of a user's own that is kept here is listed, shown, changed, removed and exported."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from kb.cli.choices import Json
from kb.cli.own_code import STDIN, Like, Parameters, read_own
from kb.cli.session import open_library
from kb.cli.snippet_words import kept_when, print_settings, snippet_json, snippet_kind
from kb.cli.streams import complain, write_json
from kb.errors import InvalidQueryError, NotFoundError

if TYPE_CHECKING:
    from kb.library import Library
    from kb.records import Snippet, SnippetVersion

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="A snippet's number, or its address: snippet:12.")]


class _ListedByDefault(TyperGroup):
    """``stemma snippets`` and ``stemma snippets KEY`` list; a word that is a command is that command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args[:1] != ["--help"] and (not args or args[0] not in self.commands):
            args = ["list", *args]
        return super().parse_args(ctx, args)


group = typer.Typer(
    cls=_ListedByDefault, rich_markup_mode=None, help="List your own code, export, change or remove it."
)


@group.command("list")
def list_all(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="[KEY]", help="A paper or an idea; all of them without it.")] = "",
    as_json: Json = False,
) -> None:
    """List what is attached, to one record or to all."""
    with open_library(context) as library:
        found = [(one, library.read_snippet(one)) for one in library.snippets(key or None)]
        here = library.snippet_counts()
        gone = {one.id for one, _ in found if not here.get(library.present_key(one))}
    if as_json:
        write_json({"snippets": [{**snippet_json(*one), "is_orphan": one[0].id in gone} for one in found]})
        return
    from kb.cli.page import write

    for snippet, reading in found:
        write((snippet.name, "bold"), (f"  {snippet.address}", "dim"))
        lost = ", which is no longer here" if snippet.id in gone else ""
        write(f"{snippet_kind(snippet, reading)}, attached to {snippet.key}{lost}", indent=2, hang=2)
        write((f"{kept_when(snippet)}", "dim"), indent=2)
    if not found:
        write(f"nothing is attached{' to it' if key else ''}; 'stemma attach KEY FILE.py' attaches a file")


@group.command()
def show(
    context: typer.Context,
    number: Number,
    version: Annotated[int | None, typer.Option(min=1, help="What it was before: the number of a version.")] = None,
    as_json: Json = False,
) -> None:
    """Show one with its code, its settings and its versions."""
    with open_library(context) as library:
        snippet = library.snippet(number)
        earlier = [one.version for one in library.snippet_versions(snippet.id)]
        if version and version != snippet.version:
            before = _version(library, snippet, version)
            snippet = replace(snippet, code=before.code, parameters=before.parameters, version=version)
        reading = library.read_snippet(snippet)
    if as_json:
        write_json({**snippet_json(snippet, reading), "code": snippet.code, "versions": earlier})
        return
    from kb.cli.page import write, write_lines

    write((snippet.name, "bold"), (f"  {snippet.address}", "dim"))
    write(f"{snippet_kind(snippet, reading)}, attached to {snippet.key}", indent=2, hang=2)
    write((kept_when(snippet), "dim"), indent=2)
    print_settings(reading)
    write("")
    write_lines(snippet.code, indent=2)


@group.command()
def edit(
    context: typer.Context,
    number: Number,
    file: Annotated[str, typer.Argument(metavar="[FILE.py]", help="Its new code; - for standard input.")] = "",
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Call it something else.")] = "",
    to: Annotated[str, typer.Option("--to", metavar="KEY", help="Attach it to another paper or idea.")] = "",
    back_to: Annotated[
        int | None, typer.Option("--back-to", min=1, metavar="VERSION", help="Take an earlier version.")
    ] = None,
    parameters: Parameters = None,
    like: Like = "",
) -> None:
    """Change its code, name or settings; what it was before stays as a version."""
    with open_library(context) as library:
        before = library.snippet(number)
        code, named = (read_own(file).code if file else before.code), before.parameters
        if back_to:
            earlier = _version(library, before, back_to)
            code, named = earlier.code, earlier.parameters
        after = library.change_snippet(
            replace(
                before,
                code=code,
                name=name or before.name,
                key=library.resolve(to) if to else before.key,
                parameters="; ".join(parameters) if parameters is not None else named,
                like=library.shipped(like).slug if like else before.like,
            )
        )
        reading = library.read_snippet(after)
    from kb.cli.page import write

    told = f"version {after.version}" if after.version != before.version else "the same code as before"
    write(f"{after.address} is kept: {after.name}, {told}, {snippet_kind(after, reading)}, attached to {after.key}")
    print_settings(reading)


@group.command()
def remove(
    context: typer.Context,
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove one, with all its versions."""
    with open_library(context) as library:
        snippet = library.snippet(number)
        if not confirm(f"Remove {snippet.name!r} ({kept_when(snippet)}) for good?", snippet.name, yes=yes):
            complain(f"{snippet.address} stays")
            raise typer.Exit(1)
        library.remove_snippet(snippet.id)
    typer.echo(f"{snippet.address} is removed")


@group.command()
def export(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NUMBER|KEY|all...", help="Which snippets.")],
    to: Annotated[str, typer.Argument(metavar="FILE", help="FILE.py for one (- to print it), SET.zip or a folder.")],
) -> None:
    """Write snippets as Python files that run by themselves; 'stemma attach' takes them back.

    \b
    stemma snippets export 12 slow.py
    stemma snippets export all mine.zip
    """
    with open_library(context) as library:
        chosen = {one.id: one for name in names for one in _choose(library, name)}
        if not chosen:
            raise NotFoundError(f"nothing is attached to {', '.join(names)}, so nothing was exported")
        files = library.export_snippets(list(chosen.values()))
    write_files(files, to, "snippets")


def write_files(files: dict[str, str], to: str, what: str) -> None:
    """Write exported files to a file, a zip or a folder, or print the one there is; say how many there were."""
    programs = [name for name in files if name.endswith(".py")]
    if to == STDIN or to.endswith(".py"):
        if len(programs) > 1:
            raise InvalidQueryError(f"{len(programs)} {what} do not go into one file; give SET.zip or a folder")
        text = files[programs[0]]
        if to == STDIN:
            typer.echo(text, nl=False)
            return
        files = {Path(to).name: text}
    written = _write(files, Path(to))
    typer.echo(f"{len(programs)} exported: {written}")


def confirm(question: str, name: str, *, yes: bool) -> bool:
    """Return whether something may be removed: it was said before, or the answer on standard error begins with yes.

    Raises
    ------
    InvalidQueryError : nobody can be asked
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise InvalidQueryError(f"{name} was not removed: say --yes where nobody can be asked")
    print(question, "[y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _write(files: dict[str, str], to: Path) -> Path:
    """Write a file, a zip or a folder; what is there already stays."""
    from kb.library.snippet_files import pack

    is_folder = to.suffix not in (".py", ".zip")
    paths = [to / name for name in files] if is_folder else [to]
    for path in paths:
        if path.exists():
            raise InvalidQueryError(f"{path} is there already; give another name, or move it away")
    (to if is_folder else to.parent).mkdir(parents=True, exist_ok=True)
    if to.suffix == ".zip":
        to.write_bytes(pack(files))
    else:
        for path, text in zip(paths, files.values(), strict=True):
            path.write_bytes(text.encode())
    return to


def _version(library: "Library", snippet: "Snippet", number: int) -> "SnippetVersion":
    for one in library.snippet_versions(snippet.id):
        if one.version == number:
            return one
    raise NotFoundError(f"{snippet.address} has no earlier version {number}: the newest is {snippet.version}")


def _choose(library: "Library", name: str) -> "list[Snippet]":
    if name.removeprefix("snippet:").isdecimal():
        return [library.snippet(name)]
    return library.snippets(None if name == "all" else name)
