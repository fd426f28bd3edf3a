"""Who runs next: so many runs at once, the others wait, and owners take turns.

Of the owners with something waiting, the one served the longest ago comes first; within one owner, first come first
served. So a reader with one run waits for one run of somebody who asked for a hundred, not for the hundred.
"""

import itertools
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from functools import partial

from kb.records import RunResult
from kb.runner.ticket import Ended, RunTicket

Work = Callable[[RunTicket], RunResult]
Entry = tuple[RunTicket, Callable[[], None]]
_log = logging.getLogger(__name__)


class Queue:
    """The line of one process. A run's thread starts its worker and lives until that worker is closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[str, deque[Entry]] = {}
        """What waits, by owner; the dictionary's order is that of the owners' first asking."""
        self._running: Counter[str] = Counter()
        self._served: dict[str, int] = {}
        """The turn in which an owner was served last, as long as he has something here."""
        self._turns = itertools.count(1)

    def join(self, work: Work, *, owner: str, ended: Ended | None, places: int) -> RunTicket:
        """Begin a run as soon as it is its turn and fewer than ``places`` run."""
        ticket = RunTicket(owner, queue=self)
        with self._lock:
            self._lines.setdefault(owner, deque()).append((ticket, partial(ticket.perform, work, ended)))
            begin = self._take_next() if self._running.total() < places else None
        if begin is not None:
            self._start(begin, places)
        return ticket

    def _start(self, begin: Entry, places: int) -> None:
        """Serve a place in a thread of its own; where the machine has none left, nobody waits in vain."""
        entry: Entry | None = begin
        try:
            threading.Thread(target=self._serve, args=(*begin, places), name="runner", daemon=True).start()
        except RuntimeError as error:
            while entry is not None:
                entry[0].end(RunResult("refused", message=f"it could not be begun: {error}"))
                entry = self._leave(entry[0], places)

    def remove(self, ticket: RunTicket) -> bool:
        """Take a ticket out of the line; False where it does not wait."""
        with self._lock:
            line = self._lines.get(ticket.owner, deque())
            waiting = [entry for entry in line if entry[0] is ticket]
            for entry in waiting:
                line.remove(entry)
            self._tidy(ticket.owner)
            return bool(waiting)

    def count_before(self, ticket: RunTicket) -> int:
        """Return how many of those who wait are begun before this one; 0 where it does not wait."""
        with self._lock:
            own = [entry[0] for entry in self._lines.get(ticket.owner, ())]
            if ticket not in own:
                return 0
            ahead = own.index(ticket)
            owners = self._in_turn()
            mine = owners.index(ticket.owner)
            others = (
                min(len(self._lines[owner]), ahead + (turn < mine))
                for turn, owner in enumerate(owners)
                if turn != mine
            )
            return ahead + sum(others)

    def _in_turn(self) -> list[str]:
        return sorted(self._lines, key=lambda owner: self._served.get(owner, 0))

    def _take_next(self) -> Entry | None:
        if not self._lines:
            return None
        owner = self._in_turn()[0]
        ticket, perform = self._lines[owner].popleft()
        self._running[owner] += 1
        self._served[owner] = next(self._turns)
        self._tidy(owner)
        ticket.take_place()
        return ticket, perform

    def _tidy(self, owner: str) -> None:
        """Forget what is empty."""
        if not self._lines.get(owner):
            self._lines.pop(owner, None)
            if not self._running[owner]:
                del self._running[owner]
                self._served.pop(owner, None)

    def _serve(self, ticket: RunTicket, perform: Callable[[], None], places: int) -> None:
        begin: Entry | None = (ticket, perform)
        while begin is not None:
            ticket, perform = begin
            try:
                perform()
            except Exception:  # noqa: BLE001 - the ticket has said so; the line has to go on
                _log.exception("a run ended in a way nobody expected")
            begin = self._leave(ticket, places)

    def _leave(self, ticket: RunTicket, places: int) -> Entry | None:
        """Give a place back; return what begins on it."""
        with self._lock:
            self._running[ticket.owner] -= 1
            self._tidy(ticket.owner)
            return self._take_next() if self._running.total() < places else None


QUEUE = Queue()
