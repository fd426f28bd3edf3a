"""What has run: ``runs`` lists the records, ``show run:12`` prints one."""

from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import Json
from kb.cli.session import open_library
from kb.cli.streams import to_json, write_json

if TYPE_CHECKING:
    from kb.library import Library
    from kb.records import RunNote, RunRecord


def runs(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[IDEA]", help="Only these: an idea, snippet:N, file:NAME, compare:IDEA,IDEA.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 25,
    as_json: Json = False,
) -> None:
    """List what has run, the newest first; 'stemma show run:12' prints one.

    \b
    stemma runs linear-attention
    stemma show run:12 --json
    """
    with open_library(context) as library:
        of = _key_of(library, name) if name else ""
        notes, count = library.runs(of, count=limit), library.run_count(of)
    if as_json:
        write_json({"runs": notes, "count": count})
        return
    from kb.cli.page import write, write_rows

    write_rows([_row(one) for one in notes], indent=0)
    if not count:
        write(f"nothing of {of} is recorded" if of else "nothing has run yet; 'stemma ideas' lists what can")
    elif count > len(notes):
        write((f"and {count - len(notes):,} older ones: --limit lists more", "dim"))


def show_run(context: typer.Context, key: str, *, as_json: bool) -> None:
    """Print all that was recorded of a run."""
    with open_library(context) as library:
        record = library.recorded_run(key)
    if as_json:
        told = to_json(record)
        assert isinstance(told, dict)
        write_json({"kind": "run", **told})
    else:
        _print_record(record)


def _key_of(library: "Library", name: str) -> str:
    """Return under which key runs are recorded."""
    kind = name.partition(":")[0]
    return name if ":" in name and kind not in ("code", "concept") else f"code:{library.idea(name).slug}"


def _row(note: "RunNote") -> tuple[str, ...]:
    when = f"{note.ran_at:%Y-%m-%d %H:%M}"
    return note.key, when, note.of, note.status, f"{note.wall_s:.2f} s", f"seed {note.seed}", _settings(note)


def _settings(note: "RunNote") -> str:
    from kb.cli.figures import value_text

    return " ".join(f"{name}={value_text(value)}" for name, value in note.parameters.items())


def _print_record(record: "RunRecord") -> None:
    from kb.cli.page import write, write_heading, write_lines, write_rows
    from kb.cli.results import print_run

    note, result = record.note, record.result
    write((f"{note.key}: {note.of}", "bold"))
    rows = [
        ("when", f"{note.ran_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("settings", _settings(note) or "all as by default"),
        ("seed", str(note.seed)),
        ("ran on", ", ".join(f"{name} {number}" for name, number in result.versions.items()) or "not recorded"),
        ("source", f"SHA-256 {note.code_hash}"),
    ]
    write_rows(rows)
    write("")
    print_run(result)
    if record.code:
        write_heading("The source that ran")
        write_lines(record.code, indent=2)
