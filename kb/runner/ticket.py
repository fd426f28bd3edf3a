"""One run that was asked for, as others see it: while it waits, while it goes on, when it has ended."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from kb.records import RunResult
from kb.runner.output import Pipes

if TYPE_CHECKING:
    from kb.runner.queue import Queue

NEVER_BEGUN = RunResult("cancelled", message="cancelled before it began")
Ended = Callable[[RunResult], RunResult]


class RunTicket:
    """A ``kb.records.Ticket``. One thread runs what it stands for, any thread may look on or cancel.

    Parameters
    ----------
    owner   : whose it is; runs of several owners take turns
    queue   : where it waits for a place; None where it does not
    on_news : called by the running thread whenever the program has written something
    """

    def __init__(
        self, owner: str = "", *, queue: "Queue | None" = None, on_news: Callable[[], None] | None = None
    ) -> None:
        self.owner = owner
        self._queue, self._on_news = queue, on_news
        self._changed = threading.Condition()
        self.unwanted = threading.Event()
        """Set once it was cancelled."""
        self._is_running = False
        self._pipes: Pipes | None = None
        self._begun = 0.0
        self._result: RunResult | None = None

    @property
    def state(self) -> Literal["waiting", "running", "ended"]:
        """How far it is."""
        if self._result is not None:
            return "ended"
        return "running" if self._is_running else "waiting"

    @property
    def place(self) -> int:
        """How many runs are begun before it; 0 from when it runs."""
        return self._queue.count_before(self) if self._queue else 0

    @property
    def figures(self) -> Mapping[str, object]:
        """What the program has reported so far, a copy."""
        if (result := self._result) is not None:
            return dict(result.figures)
        if (pipes := self._pipes) is None:
            return {}
        with pipes.lock:
            return dict(pipes.answers.figures)

    @property
    def stdout(self) -> str:
        """What the program has printed so far, whole characters."""
        if (result := self._result) is not None:
            return result.stdout
        if (pipes := self._pipes) is None:
            return ""
        with pipes.lock:
            return pipes.stdout.text_so_far

    @property
    def seconds(self) -> float:
        """How long the program has run, s."""
        if (result := self._result) is not None:
            return result.wall_s
        return time.monotonic() - self._begun if self._pipes else 0.0

    def cancel(self) -> None:
        """Begin it no more, or end it; what it has reported so far stays. Nothing happens where it has ended."""
        self.unwanted.set()
        if self._queue is not None and self._queue.remove(self):
            self.end(NEVER_BEGUN)

    def wait(self, timeout_s: float | None = None) -> RunResult | None:
        """Return how it ended, waiting for that at most so long; None where it has not ended by then."""
        with self._changed:
            self._changed.wait_for(lambda: self._result is not None, timeout_s)
            return self._result

    # What follows is for the thread that runs it.

    @property
    def is_unwanted(self) -> bool:
        """True once it was cancelled."""
        return self.unwanted.is_set()

    def take_place(self) -> None:
        """Say that it waits no longer."""
        self._is_running = True

    def begin(self, pipes: Pipes) -> None:
        """Say that its program runs and where its words come from."""
        self._begun, self._pipes = time.monotonic(), pipes

    def note_news(self) -> None:
        """Say that the program has written something."""
        if self._on_news is not None:
            self._on_news()

    def perform(self, work: Callable[["RunTicket"], RunResult], ended: Ended | None = None) -> None:
        """Run it to its end; ``ended`` may add to the result before anybody sees it."""
        result = RunResult("error", message="the runner failed in a way nobody expected; the log holds the details")
        try:
            result = work(self)
            if ended is not None:
                result = ended(result)
        finally:
            self.end(result)

    def end(self, result: RunResult) -> None:
        """Say how it ended, once."""
        with self._changed:
            if self._result is None:
                self._result = replace(result, figures=dict(result.figures))
            self._pipes = None
            self._changed.notify_all()
