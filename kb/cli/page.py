"""Text set for a person: wrapped at the width of what is shown, Chinese counted as wide as it is.

Bold and quiet only on a terminal. Whatever is printed loses its control characters here, so that a title from a
stranger's file cannot steer the terminal.
"""

import sys
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from kb.cli.streams import plain, plain_lines
from kb.cli.words import Part

LONGEST = 100
"""The longest line, in columns, however wide the terminal is."""


def write(*parts: Part, indent: int = 0, hang: int = 0) -> None:
    """Write a paragraph; its first line begins at ``indent``, the others ``hang`` columns further right."""
    console = _console()
    text = _assemble(parts)
    width = max(20, min(console.width, LONGEST) - indent - hang)
    lines = text.wrap(console, width) if text.plain else [Text()]
    with console.capture() as captured:
        for number, line in enumerate(lines):
            line.rstrip()
            console.print(Text(" " * (indent + (hang if number else 0))) + line, soft_wrap=True)
    sys.stdout.write(captured.get())


def write_lines(text: str, indent: int = 0) -> None:
    """Write lines as they are, code or a program's output."""
    for line in plain_lines(text).splitlines():
        sys.stdout.write((" " * indent + line).rstrip() + "\n")


def write_heading(text: str) -> None:
    """Write a heading with a blank line above it."""
    write("")
    write((text, "bold"))


def write_rows(rows: Iterable[Sequence[str]], indent: int = 2, *, right: bool = False) -> None:
    """Write rows with their columns aligned; the last column is as long as it is.

    Parameters
    ----------
    right : whether all columns but the first hold figures, which end below one another
    """
    cleaned = [[plain(cell) for cell in row] for row in rows]
    columns = max((len(row) for row in cleaned), default=0)
    shown = 0 if right else 1
    widths = [
        max((cell_len(row[at]) for row in cleaned if at < len(row) - shown), default=0) for at in range(columns)
    ]
    for row in cleaned:
        blanks = [" " * (widths[at] - cell_len(cell)) for at, cell in enumerate(row)]
        cells = [
            blank + cell if right and at else cell + blank
            for at, (cell, blank) in enumerate(zip(row, blanks, strict=True))
        ]
        sys.stdout.write((" " * indent + "  ".join(cells)).rstrip() + "\n")


def _console() -> Console:
    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False)


def _assemble(parts: Iterable[Part]) -> Text:
    text = Text()
    for part in parts:
        words, style = (part, "") if isinstance(part, str) else part
        # Blanks at the ends of a part stand between it and its neighbours.
        before, after = words[: len(words) - len(words.lstrip(" "))], words[len(words.rstrip(" ")) :]
        inner = plain(words)
        text.append(f"{before}{inner}{after}" if inner else before, style=style)
    return text
