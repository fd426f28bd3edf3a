"""A worker that has torch loaded before anybody asks for it: one at a time, used once.

Importing torch takes a second or more, a run of a shipped idea should add 0.3 s. Nothing is started until the
first program that uses torch has run, or until ``warm_up``.
"""

import threading
import time
from queue import SimpleQueue

from kb.errors import RunnerError
from kb.runner.ways import Way
from kb.runner.worker import Worker

PRELOAD = ("torch",)
PATIENCE_S = 30.0


class Standby:
    """The place of the one that waits. All of it may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ready: Worker | None = None
        self._is_starting = self._is_claimed = False
        self._wishes: SimpleQueue[tuple[Way, int]] = SimpleQueue()
        self._starter: threading.Thread | None = None

    def take(self, way: Way, disk_mb: int) -> Worker | None:
        """Return a worker with torch loaded, or None where starting a fresh one is as quick.

        Waits for one that is about to be ready, unless somebody else does already. Whoever takes it closes it.
        """
        deadline = time.monotonic() + PATIENCE_S
        with self._changed:
            if self._ready is None and self._is_starting and not self._is_claimed:
                self._is_claimed = True
                self._changed.wait_for(lambda: not self._is_starting, deadline - time.monotonic())
                self._is_claimed = False
            worker = self._ready
            if worker is None or self._is_claimed:
                return None
            self._ready = None
        if worker.is_usable and (worker.way, worker.disk_mb) == (way, disk_mb):
            return worker
        worker.close()
        return None

    def refill(self, way: Way, disk_mb: int) -> None:
        """See to it that one is ready or being made ready, in the background."""
        with self._changed:
            if self._ready is not None or self._is_starting:
                return
            self._is_starting = True
            if self._starter is None or not self._starter.is_alive():
                # One thread for all of them, never ending: a worker is killed when the thread that started it ends.
                self._starter = threading.Thread(target=self._start_wished, name="runner-standby", daemon=True)
                self._starter.start()
        self._wishes.put((way, disk_mb))

    def wait(self, timeout_s: float) -> bool:
        """Wait until one is ready; False where none is after that long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ready is not None, timeout_s)

    def clear(self) -> None:
        """Stop the one that waits, and wait for one that is being made."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_starting, PATIENCE_S)
            worker, self._ready = self._ready, None
        if worker is not None:
            worker.close()

    def _start_wished(self) -> None:
        while True:
            way, disk_mb = self._wishes.get()
            worker = None
            try:
                worker = Worker(way, disk_mb=disk_mb, preload=PRELOAD)
            except RunnerError:
                pass  # the next run starts one itself and says why it cannot
            finally:
                with self._changed:
                    self._ready, self._is_starting = worker, False
                    self._changed.notify_all()


STANDBY = Standby()
