"""What other rooms ask of this one: run a program now, run it when it is its turn, have workers ready."""

import math
import os
from collections.abc import Callable

from kb.errors import InvalidQueryError
from kb.records import Limits, RunResult
from kb.runner.execution import confinement, run_in
from kb.runner.queue import QUEUE
from kb.runner.standby import STANDBY
from kb.runner.ticket import Ended, RunTicket

DEFAULT_LIMITS = Limits()
AT_ONCE = max(1, min(2, os.cpu_count() or 1))
"""How many programs run at the same time where nothing else is said."""


def run(
    code: str,
    limits: Limits = DEFAULT_LIMITS,
    *,
    trusted: bool = False,
    on_news: Callable[[], None] | None = None,
) -> RunResult:
    """Run a Python program in a confined process, now; whatever it does comes back as data.

    The program has one builtin more, ``report(name, value)``: what it reports (JSON values, tensors as lists)
    comes back as ``figures``. Of a name reported again the last value counts, and only that counts towards the
    2 MiB that all figures may take.

    Parameters
    ----------
    trusted : the program is a shipped one, unedited: it also runs where nothing can confine it
    on_news : called in this thread whenever the program has written something

    Raises
    ------
    InvalidQueryError : a limit is not above zero
    """
    _check_limits(limits)
    return run_in(confinement().way, code, limits, trusted=trusted, ticket=RunTicket(on_news=on_news))


def submit(
    code: str,
    limits: Limits = DEFAULT_LIMITS,
    *,
    trusted: bool = False,
    owner: str = "",
    ended: Ended | None = None,
    at_once: int = AT_ONCE,
) -> RunTicket:
    """Run a program in the background when it is its turn; the ticket tells how far it is and cancels it.

    Parameters
    ----------
    owner   : whose run it is: owners take turns
    ended   : called with the result of a run that was begun, before anybody sees it; returns the result, added to
    at_once : it waits while so many others run

    Raises
    ------
    InvalidQueryError : a limit is not above zero
    """
    _check_limits(limits)

    def work(ticket: RunTicket) -> RunResult:
        return run_in(confinement().way, code, limits, trusted=trusted, ticket=ticket)

    return QUEUE.join(work, owner=owner, ended=ended, places=at_once)


def warm_up(count: int = 1, *, wait_s: float = 0.0) -> bool:
    """Have so many workers with torch ready, in the background; True where one is after waiting that long.

    There are fewer where the machine has not the memory for all of them, but always one.
    """
    STANDBY.want(count)
    STANDBY.refill(confinement().way, DEFAULT_LIMITS.disk_mb)
    return STANDBY.wait(wait_s)


def cool_down() -> None:
    """Stop the workers that wait, if there are any; the next program that uses torch starts afresh."""
    STANDBY.clear()


def _check_limits(limits: Limits) -> None:
    for name in ("wall_s", "cpu_s", "memory_mb", "output_kb", "disk_mb"):
        value = getattr(limits, name)
        if not 0 < value < math.inf:
            raise InvalidQueryError(f"{name} is {value}: a limit is a finite number above zero")
