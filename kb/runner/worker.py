"""One confined process, used for one program and thrown away.

The kernel's parent death signal belongs to the *thread* that started a process: whoever starts a worker keeps
that thread alive until the worker is closed.
"""

import atexit
import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

from kb.errors import RunnerError
from kb.records import Limits
from kb.runner import ways
from kb.runner.filters import build_filter
from kb.runner.output import Pipes
from kb.runner.scratch import MOST_FILES, find_excess, make_scratch, remove_scratch

HELLO_S, READY_S, GONE_S, LOOK_S = 10.0, 90.0, 10.0, 0.05
MOST_THREADS = 256
_alive: set["Worker"] = set()
_opening = threading.Lock()
_is_closing = threading.Event()


class Worker:
    """A process that has confined itself and waits for its program.

    Parameters
    ----------
    way      : how it is confined; ``none`` means limits of time and memory only
    disk_mb  : MiB that it may write
    preload  : modules to import before the program comes, at no cost to the program
    unwanted : set from another thread, it is given up while it starts

    Raises
    ------
    RunnerError : this machine does not permit it; the text is the kernel's or bubblewrap's own reason
    """

    def __init__(
        self,
        way: ways.Way,
        *,
        disk_mb: int,
        preload: tuple[str, ...] = (),
        unwanted: threading.Event | None = None,
    ) -> None:
        if os.name != "posix":
            raise RunnerError("programs run on Linux and macOS; on Windows, use WSL")
        if way != "none" and sys.platform != "linux":
            raise RunnerError("confining a program needs Linux; on other systems, use a virtual machine")
        self.way, self.disk_mb, self._unwanted = way, disk_mb, unwanted or threading.Event()
        self._owner = os.getpid()
        self._scratch: Path | None = None
        self._held = contextlib.ExitStack()
        """What is given back, last one first, when the worker is closed."""
        try:
            with _opening:
                self._open()
            self._confine(preload)
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise RunnerError(str(error)) from error
            raise

    def _open(self) -> None:
        if _is_closing.is_set():
            raise RunnerError("the app is closing")
        if self.way != "bubblewrap":
            self._scratch = make_scratch()
            self._held.callback(remove_scratch, self._scratch)
        answers, passed = os.pipe()
        self._held.callback(os.close, answers)
        try:
            self.process = self._start(passed)
        finally:
            os.close(passed)
        self._held.callback(self._kill)
        orders, stdout, stderr = self.process.stdin, self.process.stdout, self.process.stderr
        assert orders is not None
        assert stdout is not None
        assert stderr is not None
        for stream in (orders, stdout, stderr):
            self._held.callback(stream.close)
        self._orders = orders
        self.pipes = Pipes(stdout.fileno(), stderr.fileno(), answers)
        self._held.callback(self.pipes.close)
        self._held.callback(self._drain)
        _alive.add(self)
        self._held.callback(_alive.discard, self)

    def _start(self, answers: int) -> subprocess.Popen[bytes]:
        if self.way != "bubblewrap":
            assert self._scratch is not None
            environment = ways.guest_environment(self._scratch)
            return _open_process(ways.plain_command(answers), (answers,), environment, self._scratch)
        outer_filter = os.memfd_create("filter")
        try:
            os.write(outer_filter, build_filter(starts=True))
            os.lseek(outer_filter, 0, os.SEEK_SET)
            command = ways.bubblewrap_command(self.disk_mb, answers, outer_filter)
            return _open_process(command, (answers, outer_filter), {}, Path("/"))
        finally:
            os.close(outer_filter)

    def _confine(self, preload: tuple[str, ...]) -> None:
        pid = int(str(self._wait_for("hello", HELLO_S)))
        order: dict[str, object] = {"filter": None, "landlock": None, "parent": 0, "preload": preload}
        order["libraries"] = ways.library_folders()
        if self.way != "bubblewrap":
            order["parent"] = self._owner
        if self.way == "in-process":
            assert self._scratch is not None
            version = ways.landlock_version()
            order["landlock"] = ways.landlock_order(version, pid, self._scratch) if version else None
        if self.way != "none":
            writes = self.way == "bubblewrap" or order["landlock"] is not None
            order["filter"] = base64.b64encode(build_filter(own_pid=pid, writes=writes)).decode()
        self._say(json.dumps(order).encode() + b"\n")
        self._wait_for("ready", READY_S)
        self._guest_pid = self._find_guest()
        with contextlib.suppress(OSError):  # where the machine runs out of memory, the guest goes before the app does
            Path(f"/proc/{self._guest_pid}/oom_score_adj").write_text("1000")

    def _wait_for(self, answer: str, timeout_s: float) -> object:
        """Wait for an answer of the harness."""
        answers, deadline = self.pipes.answers.last, time.monotonic() + timeout_s
        while answer not in answers:
            left = deadline - time.monotonic()
            if self._unwanted.is_set():
                raise RunnerError("it was cancelled")
            if "failed" in answers or left <= 0 or not self.pipes.is_open:
                said = str(answers.get("failed", "")) or self.pipes.stderr.text.strip().partition("\n")[0]
                raise RunnerError(said or f"the confined interpreter did not start within {timeout_s:g} s")
            self.pipes.read(min(left, LOOK_S))
        return answers[answer]

    def _find_guest(self) -> int:
        """Return the interpreter's process id: under bubblewrap, the last of a chain of only children."""
        pid = self.process.pid
        with contextlib.suppress(OSError):
            while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                pid = int(children[0])
        return pid

    def _say(self, data: bytes) -> None:
        rest = memoryview(data)
        with contextlib.suppress(BrokenPipeError):  # it died: how is told by its exit code
            while rest:
                rest = rest[os.write(self._orders.fileno(), rest) :]

    def hand_over(self, code: str, limits: Limits) -> None:
        """Give it its program: from here on it is the guest's process."""
        self.pipes.begin(limits.output_kb << 10)
        text = code.encode("utf-8", "surrogatepass")
        job = {"cpu_s": limits.cpu_s, "memory_mb": limits.memory_mb, "disk_mb": limits.disk_mb, "bytes": len(text)}
        self._say(json.dumps(job).encode() + b"\n" + text)
        with contextlib.suppress(BrokenPipeError):
            self._orders.close()

    def find_excess(self) -> str:
        """Return what the guest has taken too much of that no limit of the kernel's stops, empty for nothing."""
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{self._guest_pid}/stat").read_text().rpartition(")")[2].split()
            if int(fields[17]) > MOST_THREADS:  # num_threads, see proc(5)
                return f"more than {MOST_THREADS} threads"
            if self.way == "bubblewrap":
                disk = os.statvfs(f"/proc/{self._guest_pid}/root{ways.IN_SANDBOX}")
                return f"more than {MOST_FILES} files" if disk.f_files - disk.f_ffree > MOST_FILES else ""
        return find_excess(self._scratch, self.disk_mb) if self._scratch else ""

    def wait_for_news(self, timeout_s: float) -> bool:
        """Wait until it has written something or has ended, at most that long; True where it has written."""
        if self.pipes.is_open:
            return self.pipes.read(timeout_s)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout_s)
        return False

    @property
    def is_usable(self) -> bool:
        """True while it waits for its program, in the process that started it."""
        return self._owner == os.getpid() and self.process.poll() is None

    def stop(self) -> None:
        """End it and whatever it started, and leave no folder behind; its output can still be read."""
        self._kill()
        if self._scratch is not None and self._owner == os.getpid():
            remove_scratch(self._scratch)

    def close(self) -> None:
        """Stop it, read what it still had to say, give back everything. May be called more than once."""
        self._held.close()

    def _kill(self) -> None:
        if self._owner == os.getpid() and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _drain(self) -> None:
        """Read until the last holder of a pipe is gone."""
        self._kill()
        deadline = time.monotonic() + GONE_S
        while self.pipes.is_open and time.monotonic() < deadline:
            self.pipes.read(0.1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_closing() -> bool:
    """Tell whether the app is ending, and its workers with it."""
    return _is_closing.is_set()


def _open_process(
    command: list[str], passed: tuple[int, ...], environment: dict[str, str], folder: Path
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        pass_fds=passed,
        env=environment,
        cwd=folder,
        start_new_session=True,
    )


@atexit.register
def _stop_all() -> None:
    """Leave no process and no folder behind, nor let a background thread make another."""
    with _opening:
        _is_closing.set()
        for worker in list(_alive):
            worker.stop()
