"""Workers that have torch loaded before anybody asks for them, each used once.

Importing torch takes a second or more, a run of a shipped idea should add 0.3 s. Nothing is started until the
first program that uses torch has run, or until ``warm_up``.
"""

import contextlib
import threading
import time
from collections import deque
from pathlib import Path
from queue import SimpleQueue

from kb.errors import RunnerError
from kb.runner.ways import Way
from kb.runner.worker import Worker

PRELOAD = ("torch",)
PATIENCE_S = 30.0
WORKER_MB = 150
"""What a worker with torch has for itself, measured; another 75 MiB it shares with every other one."""
SHARE = 8
"""Workers that wait take at most this part of the memory that is free, but for the first one."""


class Standby:
    """The places of those that wait. All of it may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ready: deque[Worker] = deque()
        self._starting = self._claimed = 0
        """How many are being made, and how many runs wait for one of them."""
        self._wanted = 1
        self._wishes: SimpleQueue[tuple[Way, int, float]] = SimpleQueue()
        self._starter: threading.Thread | None = None

    def want(self, count: int) -> None:
        """Say how many are to be ready from now on, where the machine has the memory."""
        with self._changed:
            self._wanted = max(1, count)

    def take(self, way: Way, disk_mb: int, unwanted: threading.Event) -> Worker | None:
        """Return a worker with torch loaded, or None where starting a fresh one is as quick, or it is unwanted.

        Waits for one that is about to be ready, unless others do already. Whoever takes it closes it.
        """
        deadline = time.monotonic() + PATIENCE_S
        with self._changed:
            if self._claimed >= len(self._ready) + self._starting:
                return None
            self._claimed += 1
            self._changed.notify_all()
            while not self._ready and self._starting and not unwanted.is_set() and time.monotonic() < deadline:
                self._changed.wait(0.05)
            self._claimed -= 1
            if not self._ready or unwanted.is_set():
                return None
            worker = self._ready.popleft()
        if worker.is_usable and (worker.way, worker.disk_mb) == (way, disk_mb):
            return worker
        worker.close()
        return None

    def refill(self, way: Way, disk_mb: int, *, later_s: float = 0.0) -> None:
        """See to it that as many as are wanted are ready or being made ready, in the background.

        Parameters
        ----------
        later_s : leave the processor so long to the run that is beginning, unless somebody waits for a worker
        """
        with self._changed:
            missing = min(self._wanted, find_room()) - len(self._ready) - self._starting
            if missing <= 0:
                return
            self._starting += missing
            if self._starter is None or not self._starter.is_alive():
                # One thread for all of them, never ending: a worker is killed when the thread that started it ends.
                self._starter = threading.Thread(target=self._start_wished, name="runner-standby", daemon=True)
                self._starter.start()
        for _ in range(missing):
            self._wishes.put((way, disk_mb, time.monotonic() + later_s))

    def wait(self, timeout_s: float, count: int = 1) -> bool:
        """Wait until so many are ready; False where they are not after that long."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._ready) >= count, timeout_s)

    def clear(self) -> None:
        """Stop those that wait, and wait for those that are being made."""
        with self._changed:
            self._changed.wait_for(lambda: not self._starting, PATIENCE_S)
            workers = list(self._ready)
            self._ready.clear()
        for worker in workers:
            worker.close()

    def _start_wished(self) -> None:
        while True:
            way, disk_mb, earliest = self._wishes.get()
            with self._changed:
                self._changed.wait_for(lambda: self._claimed > len(self._ready), max(0, earliest - time.monotonic()))
            worker = None
            try:
                worker = Worker(way, disk_mb=disk_mb, preload=PRELOAD)
            except RunnerError:
                pass  # the next run starts one itself and says why it cannot
            finally:
                with self._changed:
                    self._starting -= 1
                    if worker is not None:
                        self._ready.append(worker)
                    self._changed.notify_all()


def find_room() -> int:
    """Return how many workers may wait on this machine as its memory is now; at least one."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return max(1, (int(line.split()[1]) >> 10) // (SHARE * WORKER_MB))
    return 1


STANDBY = Standby()
