"""All commands under one name, and the one place where whatever went wrong becomes a line and an exit code."""

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from kb import __version__
from kb.cli import (
    attaching,
    claims,
    discovery,
    finding,
    intake,
    lineage,
    machine,
    own_claims,
    presets,
    running,
    runs,
    snippets,
    streams,
    training,
)
from kb.errors import KBError


class _InOrder(TyperGroup):
    """Lists commands and groups of commands in the order of the table below."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name, _ in _COMMANDS]


app = typer.Typer(cls=_InOrder, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
_COMMANDS = (
    ("build", intake.build),
    ("add", intake.add),
    ("import", intake.import_files),
    ("search", finding.search),
    ("similar", finding.similar),
    ("show", finding.show),
    ("lineage", lineage.lineage),
    ("path", lineage.path),
    ("ideas", running.ideas),
    ("run", running.run),
    ("runs", runs.runs),
    ("compare", running.compare),
    ("costs", running.costs),
    ("train", training.train),
    ("presets", presets.presets),
    ("verify", claims.verify),
    ("discover", discovery.discover),
    ("claim", own_claims.group),
    ("attach", attaching.attach),
    ("snippets", snippets.group),
    ("doctor", machine.doctor),
    ("app", machine.app),
)
for _name, _command in _COMMANDS:
    if isinstance(_command, typer.Typer):
        app.add_typer(_command, name=_name)
    else:
        app.command(_name)(_command)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"stemma {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def stemma(
    context: typer.Context,
    db: Annotated[
        str | None, typer.Option("--db", metavar="URL", help="The library: a path, or a database URL.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A literature knowledge base of neural-architecture ideas, in which the lineage runs."""
    if db is not None and not db.strip():
        raise typer.BadParameter("give a path or a database URL, not an empty text", param_hint="--db")
    context.obj = db
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; nothing is raised."""
    streams.prepare()
    try:
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has seen enough, as ``head`` does: that is no failure.
        streams.abandon_stdout()
        return 0
    except KeyboardInterrupt:
        streams.complain(
            "stopped; what was written stays: the same command goes on, and 'stemma build' completes the library"
        )
        return streams.STOPPED
    except Exception as error:  # noqa: BLE001  # the last boundary: no traceback reaches a user
        return _state(error)
    return code


def _run(arguments: list[str]) -> int:
    try:
        command = typer.main.get_command(app)
        with command.make_context("stemma", arguments) as context:
            command.invoke(context)
    except typer.Exit as asked:
        return int(asked.exit_code)
    return 0


def _state(error: Exception) -> int:
    """Say in one line what went wrong, and return the exit code that belongs to it."""
    if streams.is_debugging():
        traceback.print_exception(error)
    message, code = _explain(error)
    streams.complain(message)
    if isinstance(error, OSError):
        streams.abandon_stdout()
    return code


def _explain(error: Exception) -> tuple[str, int]:
    if isinstance(error, KBError):
        return str(error), 1
    # Typer's complaints about usage; where their class lives has changed from version to version.
    if hasattr(error, "format_message"):
        advice = "--db stands before the command" if "option: --db" in error.format_message() else _help_of(error)
        return f"{error.format_message().rstrip('.')}; {advice}", 2
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{place}; put that right and run the same command again", 1
    if isinstance(error, UnicodeEncodeError):
        return "an argument holds bytes that are no UTF-8 text; type it again, or set a UTF-8 locale", 1
    detail = f"{type(error).__name__}: {error}".rstrip(": ")
    return f"unexpected: {detail}; run it again with STEMMA_DEBUG=1 for the details, and report them", 1


def _help_of(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f"see '{context.command_path if context else 'stemma'} --help'"
