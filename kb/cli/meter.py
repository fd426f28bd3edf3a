"""How far a long task is, on standard error: a bar on a terminal, a line now and then elsewhere.

Where nothing is told nothing is shown and nothing is loaded: most commands have nothing to tell.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

EVERY_S = 5.0
"""Seconds between two lines where there is no terminal."""


class Meter:
    """A context manager; ``tell`` may be called with one task after another."""

    def __init__(self) -> None:
        terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._show: _Bar | _Lines = _Bar() if terminal else _Lines()

    def __enter__(self) -> "Meter":
        return self

    def __exit__(self, *_: object) -> None:
        self._show.close()

    def tell(self, what: str, done: int, total: int | None) -> None:
        """Say what is being done, how much of it is done, and of how much where that is known."""
        self._show.tell(what, done, total)

    def count(self, what: str) -> Callable[[int, int | None], None]:
        """Return a function that tells how much of one thing is done."""
        return lambda done, total: self.tell(what, done, total)


class _Bar:
    """One bar, erased at the end: the command says what came of it."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._last: tuple[int, int | None] = (0, None)

    def tell(self, what: str, done: int, total: int | None) -> None:
        if self._progress is None:
            from kb.cli.bars import build_progress

            self._progress = build_progress()
            self._progress.start()
        if self._task is None or total != self._last[1] or done < self._last[0]:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(what, total=total, completed=done)
        self._progress.update(self._task, description=what, completed=done, total=total)
        self._last = done, total

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress, self._task = None, None


class _Lines:
    """A line when a task begins, when it is done, and every few seconds between."""

    def __init__(self) -> None:
        self._what = ""
        self._began_at = self._said_at = 0.0
        self._began_with = 0

    def tell(self, what: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        begins = what != self._what
        if begins:
            self._what, self._began_at, self._began_with = what, now, done
        elif not (total and total > 1 and done == total) and now - self._said_at < EVERY_S:
            return
        self._said_at = now
        print(f"{what}{self._figures(done, total, now)}", file=sys.stderr, flush=True)

    def _figures(self, done: int, total: int | None, now: float) -> str:
        if not done or total == 1:
            return ""
        seconds, made = now - self._began_at, done - self._began_with
        rate = f" ({made / seconds:,.0f}/s)" if made and seconds > 0 else ""
        return f": {done:,}{f' of {total:,}' if total else ''}{rate}"

    def close(self) -> None:
        """Nothing was opened."""
