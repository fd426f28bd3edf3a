"""The harness inside the confined process: it closes the last doors, then runs one program and says how it ended.

This file runs alone, in another process, under ``python -I -S``: standard library only, nothing of ``kb``. Orders
come as lines of JSON on standard input, answers leave as lines of JSON on a pipe of their own, so that nothing
the program prints can be taken for an answer::

    guest   {"hello": pid}
    host    {"parent", "filter", "landlock", "libraries", "preload"}: what to close, what to find and to import
    guest   {"ready": true}          or {"failed": "landlock: ..."} and leaves
    host    {"cpu_s", "memory_mb", "disk_mb", "bytes"} and the program's text
    guest   {"figure": [name, value]} ... {"end": {"status", "code", "traceback", "message"}}

Once the program runs it owns this process and could forge an answer; it can only lie about itself.
"""

import atexit
import base64
import builtins
import contextlib
import ctypes
import errno
import importlib
import io
import json
import linecache
import os
import resource
import signal
import struct
import sys
import threading
import traceback
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

PROGRAM = "program.py"
OPEN_FILES = 128
TRACEBACK_CHARS = 32_000

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
SECCOMP_MODE_FILTER = 2
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
CAPABILITY_VERSION_3 = 0x20080522


class Answers:
    """The pipe to the host: one line of JSON an answer, whole lines even from several threads."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, **answer: object) -> None:
        """Write one answer; whatever has ``tolist`` (a tensor, an array) becomes a list."""
        line = memoryview(json.dumps(answer, default=_as_list).encode() + b"\n")
        with self._lock:
            while line:
                line = line[os.write(self._descriptor, line) :]

    def report(self, name: str, value: object) -> None:
        """Hand one figure to whoever ran this program: a number, text, list or mapping that JSON can hold."""
        if not isinstance(name, str):
            raise TypeError(f"report(name, value): the name is text, not {type(name).__name__}")
        self.send(figure=[name, value])


def _as_list(value: Any) -> object:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"report() takes what JSON can hold, not {type(value).__name__}")


def confine(order: Mapping[str, Any]) -> None:
    """Close what the order says, for ever, before anything of the guest's is read.

    Raises
    ------
    OSError : the kernel refused a step; its text names the step
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    _check("parent death signal", libc.prctl(PR_SET_PDEATHSIG, *_words(signal.SIGKILL, 0, 0, 0)))
    if order["parent"] and os.getppid() != order["parent"]:
        os._exit(1)  # the parent died before the signal was asked for
    if order["filter"] is None:
        return
    _check("no_new_privs", libc.prctl(PR_SET_NO_NEW_PRIVS, *_words(1, 0, 0, 0)))
    _check("capset", libc.capset(struct.pack("=Ii", CAPABILITY_VERSION_3, 0), bytes(24)))
    if order["landlock"] is not None:
        restrict_files(libc, order["landlock"])
    program = ctypes.create_string_buffer(base64.b64decode(order["filter"]))
    count = (len(program) - 1) // 8  # struct sock_filter has 8 bytes
    header = struct.pack("@HP", count, ctypes.addressof(program))
    _check("seccomp", libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, *_words(0, 0)))


def restrict_files(libc: ctypes.CDLL, order: Mapping[str, Any]) -> None:
    """Leave only the named paths, each with the rights it was given (Landlock, see landlock(7))."""
    attributes = struct.pack("=QQQ", order["files"], order["network"], order["scope"])
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    _check("landlock", ruleset)
    for path, rights in order["paths"]:
        with contextlib.suppress(FileNotFoundError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rule = struct.pack("=Qi", rights, place)
            _check(f"landlock {path}", libc.syscall(LANDLOCK_ADD_RULE, ruleset, 1, rule, 0))
            os.close(place)
    _check("landlock", libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _words(*values: int) -> tuple[ctypes.c_ulong, ...]:
    return tuple(ctypes.c_ulong(value) for value in values)


def _check(step: str, result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{step}: {os.strerror(number)}")


def limit_resources(order: Mapping[str, Any]) -> None:
    """Set the limits counted from here on: what loading torch took is not the program's."""
    times = resource.getrusage(resource.RUSAGE_SELF)
    seconds = round(times.ru_utime + times.ru_stime) + int(order["cpu_s"])
    memory = int(order["memory_mb"]) << 20
    size, data = _memory_in_use()
    # The second more lets SIGXCPU come before SIGKILL. One byte of core, not none: none would still start a crash
    # handler that the kernel pipes the core to.
    limits = {
        "RLIMIT_CPU": (seconds, seconds + 1),
        "RLIMIT_FSIZE": (int(order["disk_mb"]) << 20,) * 2,
        "RLIMIT_NOFILE": (OPEN_FILES,) * 2,
        "RLIMIT_CORE": (1, 1),
    }
    if size:
        limits |= {"RLIMIT_AS": (size + memory,) * 2, "RLIMIT_DATA": (data + memory,) * 2}
    for name, wanted in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        soft, top = (value if hard == resource.RLIM_INFINITY else min(value, hard) for value in wanted)
        resource.setrlimit(kind, (soft, top))


def _memory_in_use() -> tuple[int, int]:
    """Return the bytes of address space and of private data; zeros where the kernel does not tell."""
    try:
        fields = Path("/proc/self/statm").read_text().split()
    except OSError:
        return 0, 0
    page = resource.getpagesize()
    return int(fields[0]) * page, int(fields[5]) * page


def run_program(source: str) -> dict[str, object]:
    """Run the text as ``__main__`` and return its end: status, exit code, traceback of its own lines, message."""
    module = types.ModuleType("__main__")
    module.__dict__.update(__builtins__=builtins, __file__=PROGRAM)
    sys.modules["__main__"], sys.argv = module, [PROGRAM]
    linecache.cache[PROGRAM] = (len(source), None, source.splitlines(keepends=True), PROGRAM)
    try:
        exec(compile(source, PROGRAM, "exec", dont_inherit=True), module.__dict__)
        _wait_for_threads()
    except SystemExit as leaving:
        return _describe_exit(leaving.code)
    except BaseException as error:  # noqa: BLE001 - whatever the guest raises is data
        return _describe_error(error)
    return {"status": "ok", "code": 0}


def _wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()


def _describe_exit(code: object) -> dict[str, object]:
    if code is None or code == 0:
        return {"status": "ok", "code": 0}
    if isinstance(code, int):
        return {"status": "error", "code": code & 0xFF, "message": f"the program left with exit code {code & 0xFF}"}
    text = _make_printable(f"{code}\n"[-TRACEBACK_CHARS:])
    return {"status": "error", "code": 1, "traceback": text, "message": "the program left with a message"}


def _describe_error(error: BaseException) -> dict[str, object]:
    try:
        told = str(error)[:500]
    except BaseException:  # noqa: BLE001 - the guest's own __str__
        told = ""
    starved = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    starved = starved or "can't allocate memory" in told  # a RuntimeError of torch's allocator
    try:
        text = "".join(_leave_out_harness(traceback.TracebackException.from_exception(error, limit=-50)).format())
        message = traceback.format_exception_only(error)[-1].strip()
    except (MemoryError, RecursionError):
        text = message = type(error).__name__
    return {
        "status": "killed" if starved else "error",
        "code": 1,
        "traceback": _make_printable(text[-TRACEBACK_CHARS:]),
        "message": _make_printable(message[:500]),
    }


def _make_printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _leave_out_harness(told: traceback.TracebackException) -> traceback.TracebackException:
    for one in (told, told.__cause__, told.__context__):
        if one is not None:
            one.stack = traceback.StackSummary.from_list([line for line in one.stack if line.filename != __file__])
    return told


def prepare_streams() -> None:
    """Close standard input; print by the line, so that a program that is stopped has its lines out."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)


def main(descriptor: int) -> NoReturn:
    """Take orders until the program has run, then leave without the interpreter's long farewell."""
    answers, orders = Answers(descriptor), sys.stdin.buffer
    answers.send(hello=os.getpid())
    try:
        order = json.loads(orders.readline() or "null")
        if order is None:
            os._exit(0)
        confine(order)
        sys.path += order["libraries"]
        for name in order["preload"]:
            importlib.import_module(name)
    except (OSError, ImportError) as error:
        answers.send(failed=str(error))
        os._exit(1)
    answers.send(ready=True)
    job = json.loads(orders.readline() or "null")
    if job is None:  # the host has no use for us any more
        os._exit(0)
    source = orders.read(job["bytes"]).decode("utf-8", "surrogatepass").removeprefix("\ufeff")
    prepare_streams()
    limit_resources(job)
    builtins.__dict__.update(report=answers.report, exit=sys.exit, quit=sys.exit)  # -S leaves the last two out
    end = run_program(source)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # the guest may have closed it
            stream.flush()
    with contextlib.suppress(OSError):
        answers.send(end=end)
    os._exit(int(str(end["code"])))


if __name__ == "__main__":
    main(int(sys.argv[1]))
