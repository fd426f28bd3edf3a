"""What every command begins with: the settings, read once, and the library, opened and if need be built."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import typer

from kb.cli.meter import Meter
from kb.errors import KBError

if TYPE_CHECKING:
    from kb.library import Library
    from kb.settings import Settings


def settings_of(context: typer.Context) -> "Settings":
    """Return the settings, with the library that was named before the command.

    Raises
    ------
    InvalidQueryError : a variable's value is out of range
    """
    from kb.settings import read_settings

    return read_settings(context.obj)


def preload_model(context: typer.Context) -> None:
    """Load the embedding model in the background, while the library is being opened: a quarter of a second less."""
    settings = settings_of(context)

    def load() -> None:
        from kb.search.embed import load_embedder

        # Whoever needs the model asks again, and is told what is wrong with it.
        with suppress(KBError):
            load_embedder(settings)

    # No daemon: ending the process in the middle of loading compiled code would end in a crash.
    threading.Thread(target=load).start()


@contextmanager
def open_library(context: typer.Context, *, build: bool = True) -> Iterator["Library"]:
    """Give the library, closed when the block ends; a new or outdated one is built first, with its progress shown."""
    settings = settings_of(context)
    from kb.library import Library

    with Meter() as meter:
        library = Library.open(settings=settings, progress=meter.tell, build=build)
    with library:
        yield library
