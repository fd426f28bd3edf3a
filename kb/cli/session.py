"""What every command begins with: the settings, read once, and the library, opened and if need be built."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from kb.cli.meter import Meter

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


@contextmanager
def open_library(context: typer.Context, *, build: bool = True) -> Iterator["Library"]:
    """Give the library, closed when the block ends; a new or outdated one is built first, with its progress shown."""
    settings = settings_of(context)
    from kb.library import Library

    with Meter() as meter:
        library = Library.open(settings=settings, progress=meter.tell, build=build)
    with library:
        yield library
