"""How a program ended, told from what the harness says, from its exit code and from why it was stopped."""

import signal
from typing import NamedTuple, cast

from kb.records import Limits, RunStatus
from kb.runner.worker import Worker, is_closing

CRASHES = {
    signal.SIGSEGV: "it crashed (memory it does not own, or recursion without end in compiled code)",
    signal.SIGBUS: "it crashed (memory it does not own)",
    signal.SIGABRT: "a library stopped it (abort)",
    signal.SIGSYS: "it made a system call that is not allowed",
    signal.SIGKILL: "out of memory, or of processor time after ignoring the warning",
}


class Ending(NamedTuple):
    """How a program ended: ``told`` is its traceback, ``message`` one line for a person."""

    status: RunStatus
    exit_code: int | None = None
    told: str = ""
    message: str = ""


def read_ending(worker: Worker, limits: Limits) -> Ending:
    """Tell how a program ended that was not stopped: by what the harness says, else by its exit code."""
    code, end = worker.process.returncode, worker.pipes.answers.find_end()
    if end is not None and end.get("code") == code and end.get("status") in ("ok", "error", "killed"):
        status = cast(RunStatus, end["status"])
        message = str(end.get("message", ""))
        if status == "killed":
            message = f"out of memory: it may use {limits.memory_mb} MiB; make it smaller or raise run_memory_mb"
        return Ending(status, code, str(end.get("traceback", "")), message)
    if is_closing():
        return Ending("cancelled", message="the app was closed while it ran")
    number = -code if code < 0 else code - 128 if worker.way == "bubblewrap" else 0  # bubblewrap tells a signal so
    if number == signal.SIGXCPU:
        message = f"stopped after {limits.cpu_s} s of processor time: make it shorter or raise run_cpu_s"
        return Ending("timeout", message=message)
    if number > 0 and number in set(signal.Signals):
        name = signal.Signals(number)
        return Ending("killed", message=f"ended by {name.name}: {CRASHES.get(name, 'a signal')}")
    return Ending("error" if code else "ok", code, message=f"the program left with exit code {code}" if code else "")
