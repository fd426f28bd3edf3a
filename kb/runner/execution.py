"""Running one program: choosing the way, finding a worker, watching it until it ends."""

import contextlib
import functools
import platform
import threading
import time
from importlib.metadata import PackageNotFoundError, version

from kb import __version__
from kb.errors import RunnerError
from kb.records import Confinement, Limits, RunResult
from kb.runner.ending import Ending, read_ending
from kb.runner.output import PRINTED_BYTES
from kb.runner.standby import PRELOAD, STANDBY
from kb.runner.ticket import NEVER_BEGUN, RunTicket
from kb.runner.ways import Way, landlock_version
from kb.runner.worker import Worker

TICK_S = 0.05
REFILL_S = 0.5
"""A shipped idea has run by then; making the next worker would take a processor from it."""
WITHOUT_LANDLOCK = (
    "this kernel has no Landlock: a program can write no file and reach no network, but it can read what you can"
)
_probing = threading.Lock()


def confinement() -> Confinement:
    """Return which way of confining is in force on this machine, found by trying, once a process."""
    with _probing:
        return _probe()


@functools.cache
def _probe() -> Confinement:
    reasons: list[str] = []
    names: tuple[Way, ...] = ("bubblewrap", "in-process")
    for way in names:
        try:
            Worker(way, disk_mb=1).close()
        except RunnerError as error:
            reasons.append(f"{way}: {error}")
        else:
            caution = WITHOUT_LANDLOCK if way == "in-process" and not landlock_version() else ""
            return Confinement(way, tuple(reasons), caution)
    return Confinement("none", tuple(reasons))


def run_in(
    way: Way, code: str, limits: Limits, *, trusted: bool = False, ticket: RunTicket | None = None
) -> RunResult:
    """Run a program in this way of confining, whether or not it is the one in force."""
    ticket = ticket or RunTicket()
    if way == "none" and not trusted:
        reasons = "; ".join(confinement().reasons)
        return RunResult("refused", confinement="none", message=f"this machine cannot confine a program ({reasons})")
    uses_torch = "torch" in code
    try:
        worker = _find_worker(way, limits, uses_torch, ticket)
    except RunnerError as error:
        if ticket.is_unwanted:
            return NEVER_BEGUN
        return RunResult("refused", confinement=way, message=f"no confined process could be started: {error}")
    try:
        with worker:
            return _run_on(worker, code, limits, ticket)
    finally:
        if uses_torch:
            STANDBY.refill(way, limits.disk_mb)


def _find_worker(way: Way, limits: Limits, uses_torch: bool, ticket: RunTicket) -> Worker:
    worker = STANDBY.take(way, limits.disk_mb, ticket.unwanted) if uses_torch else None
    if worker is None:
        preload = PRELOAD if uses_torch else ()
        return Worker(way, disk_mb=limits.disk_mb, preload=preload, unwanted=ticket.unwanted)
    STANDBY.refill(way, limits.disk_mb, later_s=REFILL_S)
    return worker


def _run_on(worker: Worker, code: str, limits: Limits, ticket: RunTicket) -> RunResult:
    begun = time.monotonic()
    worker.hand_over(code, limits)
    ticket.begin(worker.pipes)
    stopped = _watch(worker, begun + limits.wall_s, limits, ticket)
    wall_s = time.monotonic() - begun
    worker.close()
    pipes, ending = worker.pipes, stopped or read_ending(worker, limits)
    printed = pipes.stderr.text
    if ending.told:
        printed += ("" if not printed or printed.endswith("\n") else "\n") + ending.told
    return RunResult(
        status=ending.status,
        stdout=pipes.stdout.text,
        stderr=printed,
        truncated=pipes.stdout.is_cut or pipes.stderr.is_cut,
        wall_s=wall_s,
        exit_code=ending.exit_code,
        figures=pipes.answers.figures,
        confinement="none (trusted code only)" if worker.way == "none" else worker.way,
        message="; ".join(filter(None, (ending.message, *pipes.answers.notes))),
        versions=_read_versions(),
    )


def _watch(worker: Worker, deadline: float, limits: Limits, ticket: RunTicket) -> Ending | None:
    """Read what the program prints until it ends; return why it has to be stopped, None where it ended itself."""
    next_look = 0.0
    while worker.process.poll() is None:
        now = time.monotonic()
        if ticket.is_unwanted:
            return Ending("cancelled", message="cancelled; what it had reported by then is kept")
        if now >= deadline:
            message = f"stopped after {limits.wall_s:g} s: make it shorter or raise run_wall_s"
            return Ending("timeout", message=message)
        if worker.pipes.is_flooded:
            return Ending("killed", message=f"stopped: it wrote more than {PRINTED_BYTES >> 30} GiB without end")
        if now >= next_look:
            next_look = now + TICK_S
            if excess := worker.find_excess():
                return Ending("killed", message=f"stopped: {excess}")
        if worker.wait_for_news(min(TICK_S, deadline - now)):
            ticket.note_news()
    return None


@functools.cache
def _read_versions() -> dict[str, str]:
    """Return what a guest runs on: it has our interpreter and our packages."""
    told = {"stemma": __version__, "python": platform.python_version()}
    with contextlib.suppress(PackageNotFoundError):
        told["torch"] = version("torch")
    return told
