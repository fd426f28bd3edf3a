"""Running one program: choosing the way, watching it, and telling how it ended."""

import functools
import math
import signal
import threading
import time
from typing import NamedTuple, cast

from kb.errors import InvalidQueryError, RunnerError
from kb.records import Confinement, Limits, RunResult, RunStatus
from kb.runner.output import PRINTED_BYTES
from kb.runner.standby import PRELOAD, STANDBY
from kb.runner.ways import Way, landlock_version
from kb.runner.worker import Worker

TICK_S = 0.05
WITHOUT_LANDLOCK = (
    "this kernel has no Landlock: a program can write no file and reach no network, but it can read what you can"
)
DEFAULT_LIMITS = Limits()
CRASHES = {
    signal.SIGSEGV: "it crashed (memory it does not own, or recursion without end in compiled code)",
    signal.SIGBUS: "it crashed (memory it does not own)",
    signal.SIGABRT: "a library stopped it (abort)",
    signal.SIGSYS: "it made a system call that is not allowed",
    signal.SIGKILL: "out of memory, or of processor time after ignoring the warning",
}
_probing = threading.Lock()


def confinement() -> Confinement:
    """Return which way of confining is in force on this machine, found by trying, once a process."""
    with _probing:
        return _probe()


class Ending(NamedTuple):
    """How a program ended: ``told`` is its traceback, ``message`` one line for a person."""

    status: RunStatus
    exit_code: int | None = None
    told: str = ""
    message: str = ""


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


def run(code: str, limits: Limits = DEFAULT_LIMITS, *, trusted: bool = False) -> RunResult:
    """Run a Python program in a confined process; whatever it does comes back as data.

    The program has one builtin more, ``report(name, value)``: what it reports (JSON values, tensors as lists)
    comes back as ``figures``, up to 2 MiB.

    Parameters
    ----------
    trusted : the program is a shipped one, unedited: it also runs where nothing can confine it

    Raises
    ------
    InvalidQueryError : a limit is not above zero
    """
    for name in ("wall_s", "cpu_s", "memory_mb", "output_kb", "disk_mb"):
        value = getattr(limits, name)
        if not 0 < value < math.inf:
            raise InvalidQueryError(f"{name} is {value}: a limit is a finite number above zero")
    return run_in(confinement().way, code, limits, trusted=trusted)


def warm_up(*, wait_s: float = 0.0) -> bool:
    """Have a worker with torch ready, in the background; True where one is after waiting that long."""
    way = confinement().way
    STANDBY.refill(way, DEFAULT_LIMITS.disk_mb)
    return STANDBY.wait(wait_s)


def cool_down() -> None:
    """Stop the worker that waits, if there is one; the next program that uses torch starts afresh."""
    STANDBY.clear()


def run_in(way: Way, code: str, limits: Limits, *, trusted: bool = False) -> RunResult:
    """Run a program in this way of confining, whether or not it is the one in force."""
    if way == "none" and not trusted:
        reasons = "; ".join(confinement().reasons)
        return RunResult("refused", confinement="none", message=f"this machine cannot confine a program ({reasons})")
    uses_torch = "torch" in code
    try:
        worker = _find_worker(way, limits, uses_torch)
    except RunnerError as error:
        return RunResult("refused", confinement=way, message=f"no confined process could be started: {error}")
    try:
        with worker:
            return _run_on(worker, code, limits)
    finally:
        if uses_torch:
            STANDBY.refill(way, limits.disk_mb)


def _find_worker(way: Way, limits: Limits, uses_torch: bool) -> Worker:
    if not uses_torch:
        return Worker(way, disk_mb=limits.disk_mb)
    worker = STANDBY.take(way, limits.disk_mb)
    if worker is None:
        return Worker(way, disk_mb=limits.disk_mb, preload=PRELOAD)
    STANDBY.refill(way, limits.disk_mb)
    return worker


def _run_on(worker: Worker, code: str, limits: Limits) -> RunResult:
    begun = time.monotonic()
    worker.hand_over(code, limits)
    stopped = _watch(worker, begun + limits.wall_s, limits)
    wall_s = time.monotonic() - begun
    worker.close()
    pipes, ending = worker.pipes, stopped or _read_ending(worker, limits)
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
    )


def _watch(worker: Worker, deadline: float, limits: Limits) -> Ending | None:
    """Read what the program prints until it ends; return why it has to be stopped, None where it ended itself."""
    next_look = 0.0
    while worker.process.poll() is None:
        now = time.monotonic()
        if now >= deadline:
            message = f"stopped after {limits.wall_s:g} s: make it shorter or raise run_wall_s"
            return Ending("timeout", message=message)
        if worker.pipes.is_flooded:
            return Ending("killed", message=f"stopped: it wrote more than {PRINTED_BYTES >> 30} GiB without end")
        if now >= next_look:
            next_look = now + TICK_S
            if excess := worker.find_excess():
                return Ending("killed", message=f"stopped: {excess}")
        worker.wait_for_news(min(TICK_S, deadline - now))
    return None


def _read_ending(worker: Worker, limits: Limits) -> Ending:
    """Tell how a program ended that was not stopped: by what the harness says, else by its exit code."""
    code, end = worker.process.returncode, worker.pipes.answers.find_end()
    if end is not None and end.get("code") == code and end.get("status") in ("ok", "error", "killed"):
        status = cast(RunStatus, end["status"])
        message = str(end.get("message", ""))
        if status == "killed":
            message = f"out of memory: it may use {limits.memory_mb} MiB; make it smaller or raise run_memory_mb"
        return Ending(status, code, str(end.get("traceback", "")), message)
    number = -code if code < 0 else code - 128 if worker.way == "bubblewrap" else 0  # bubblewrap tells a signal so
    if number == signal.SIGXCPU:
        message = f"stopped after {limits.cpu_s} s of processor time: make it shorter or raise run_cpu_s"
        return Ending("timeout", message=message)
    if number > 0 and number in set(signal.Signals):
        name = signal.Signals(number)
        return Ending("killed", message=f"ended by {name.name}: {CRASHES.get(name, 'a signal')}")
    return Ending("error" if code else "ok", code, message=f"the program left with exit code {code}" if code else "")
