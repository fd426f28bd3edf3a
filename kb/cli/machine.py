"""The library's health and the web app: ``doctor`` and ``app``."""

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import kb
from kb.cli.choices import Json
from kb.cli.session import open_library, settings_of
from kb.cli.streams import complain, write_json
from kb.errors import InvalidQueryError, NotFoundError

if TYPE_CHECKING:
    from kb.records import Health
    from kb.settings import Settings

_HOST = "localhost"
_SQLITE = "sqlite:///"


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Examine the library and this machine."""
    with open_library(context, build=False) as library:
        health = library.doctor()
    if as_json:
        write_json(health)
    else:
        _print_health(health)
    if health.problems:
        complain(f"{health.library}: {'; '.join(health.problems)}")
        raise typer.Exit(1)


def app(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it listens on this machine.")] = 8501,
) -> None:
    """Open the web app on this machine; Ctrl-C ends it."""
    settings = settings_of(context)
    file = Path(kb.__file__).absolute().parent.parent / "app.py"
    if not file.is_file():
        raise NotFoundError(f"the web app is missing from this installation: {file}; install Stemma again")
    _refuse_busy(port)
    typer.echo(f"Stemma opens at http://{_HOST}:{port} (Ctrl-C ends it)")
    sys.stdout.flush()
    environment = os.environ | _environment(settings)
    os.chdir(_folder_of_theme(file))
    os.execve(sys.executable, [sys.executable, "-m", "streamlit", "run", str(file), *_options(port)], environment)


def _options(port: int) -> list[str]:
    chosen = {
        "server.port": port,
        # The app runs code: it is for this machine only.
        "server.address": _HOST,
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
    }
    return [f"--{name}={value}" for name, value in chosen.items()]


def _environment(settings: "Settings") -> dict[str, str]:
    """Return the paths that were chosen here, absolute: the app runs in another folder."""
    return {
        "STEMMA_DB": _absolute(settings.db),
        "STEMMA_DATA_DIR": str(settings.data_dir.absolute()),
        "STEMMA_CACHE_DIR": str(settings.cache_dir.absolute()),
    }


def _absolute(db: str) -> str:
    if "://" not in db:
        return str(Path(db).expanduser().absolute())
    name = db.removeprefix(_SQLITE)
    if name == db or not name or name.startswith((":", "file:")):
        return db
    return _SQLITE + str(Path(name).absolute())


def _folder_of_theme(file: Path) -> Path:
    """Return the folder that holds ``.streamlit``, which Streamlit looks for where it is started."""
    shipped = Path(kb.__file__).absolute().parent / "shipped"
    return shipped if (shipped / ".streamlit").is_dir() else file.parent


def _refuse_busy(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise InvalidQueryError(f"port {port} is reserved for the system; choose one above 1023") from None
        except OSError:
            raise InvalidQueryError(f"port {port} is busy; choose another one with --port") from None


def _print_health(health: "Health") -> None:
    from kb.cli.page import write, write_heading, write_rows

    write((health.library, "bold"))
    current = "up to date" if health.catalogue_is_current else "not built from these files: 'stemma build' does it"
    problems = health.problems or ("sound",)
    write_rows([("schema", health.schema), ("catalogue", current), *(("file", one) for one in problems)])
    write_heading("Holds")
    write_rows([(name, f"{count:,}") for name, count in health.counts.items()])
    waiting = health.counts.get("texts", 0) - health.counts.get("vectors", 0)
    if waiting > 0:
        write(f"{waiting:,} texts have no vector yet: 'stemma build' makes them", indent=2)
    if health.reviews:
        write_heading(f"For review ({len(health.reviews):,})")
        for note in health.reviews:
            write(f"{note.incoming} and {note.existing}: {note.reason}", indent=2, hang=2)
            write((f"{note.title}, from {note.origin}", "dim"), indent=4)
    write_heading("Runs programs")
    confined = health.confinement
    write(f"confined by {confined.way}" if confined.way != "none" else "shipped ones only", indent=2)
    for line in (*confined.reasons, confined.caution):
        if line:
            write(line, indent=2)
    for heading, rows in (("Versions", health.versions), ("Settings", health.settings)):
        write_heading(heading)
        write_rows(rows.items())
