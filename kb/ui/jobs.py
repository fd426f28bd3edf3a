"""Imports that go on while the reader reads: one at a time, in a thread of the server, watched from any page load.

A job takes records first and gives the new texts their vectors after that. Between two batches it looks whether the
reader wants it to stop; what was taken until then stays, and the same file goes on from there another time.
"""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.records import ImportReport

Take = Callable[[Callable[[int, int | None], None]], ImportReport]


class _StoppedError(Exception):
    """The reader wants the job to stop."""


@dataclass(slots=True)
class Job:
    """How far one import is; written by its thread, read by the page."""

    name: str
    phase: str = "reading"
    done: int = 0
    total: int | None = None
    phase_began: float = field(default_factory=time.monotonic)
    report: ImportReport | None = None
    embedded: int = 0
    error: str = ""
    stopped: bool = False
    finished: bool = False
    wants_stop: threading.Event = field(default_factory=threading.Event)

    @property
    def rate(self) -> float:
        """Records, or texts, a second in this phase."""
        return self.done / max(time.monotonic() - self.phase_began, 1e-3)

    def begin(self, phase: str) -> None:
        self.phase, self.done, self.total, self.phase_began = phase, 0, None, time.monotonic()

    def note(self, done: int, total: int | None) -> None:
        self.done, self.total = done, total
        if self.wants_stop.is_set():
            raise _StoppedError


class Desk:
    """The one place where a job of a library is begun and watched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.job: Job | None = None

    @property
    def is_busy(self) -> bool:
        return self.job is not None and not self.job.finished

    def begin(self, library: Library, name: str, take: Take, *, kept: Path | None = None) -> bool:
        """Begin a job unless one is under way; tell whether it was begun. ``kept`` is removed, with its folder."""
        with self._lock:
            if self.is_busy:
                _remove(kept)
                return False
            self.job = Job(name)
            thread = threading.Thread(
                target=_run, args=(self.job, library, take, kept), name="stemma-import", daemon=True
            )
            thread.start()
            return True

    def dismiss(self) -> None:
        """Forget a finished job."""
        with self._lock:
            if not self.is_busy:
                self.job = None


@st.cache_resource(show_spinner=False)
def get_desk(db: str) -> Desk:
    """Return the desk of a library, the same one for all readers of this process."""
    return Desk()


def _run(job: Job, library: Library, take: Take, kept: Path | None) -> None:
    try:
        job.report = take(job.note)
        job.begin("looking for ideas")
        library.tag(lambda _, done, total: job.note(done, total))
        job.begin("embedding")
        job.embedded = library.embed(lambda _, done, total: job.note(done, total))
    except _StoppedError:
        job.stopped = True
    except KBError as error:
        job.error = str(error)
    except BaseException:
        job.error = "the import ended in a way nobody expected; its details are in the server's log"
        raise
    finally:
        _remove(kept)
        job.finished = True


def _remove(kept: Path | None) -> None:
    """Remove an uploaded file and the folder that was made for it."""
    if kept is not None:
        shutil.rmtree(kept.parent, ignore_errors=True)
