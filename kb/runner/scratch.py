"""The folder in which a guest may write, where bubblewrap does not give it a memory disk of its own."""

import contextlib
import functools
import os
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "stemma-run-"
STALE_S = 24 * 3600.0
MOST_FILES = 1000


def make_scratch() -> Path:
    """Make an empty folder; the name says which process answers for it."""
    sweep_stale(Path(tempfile.gettempdir()))
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")).resolve()


def remove_scratch(folder: Path) -> None:
    """Remove the folder and what is in it; links are removed, not followed."""
    shutil.rmtree(folder, ignore_errors=True)


def find_excess(folder: Path, disk_mb: int) -> str:
    """Return what is too much in this folder, empty where nothing is. Never looks at more than ``MOST_FILES``."""
    files = total = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            files += 1
            with contextlib.suppress(FileNotFoundError):
                total += entry.stat(follow_symlinks=False).st_size
            if files > MOST_FILES:
                return f"more than {MOST_FILES} files"
    return f"more than {disk_mb} MiB of files" if total > disk_mb << 20 else ""


@functools.cache
def sweep_stale(parent: Path) -> None:
    """Remove, once a process, what a process that was killed left behind more than a day ago."""
    for folder in parent.glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        with contextlib.suppress(OSError):
            about = folder.lstat()
            mine = about.st_uid == os.getuid() and time.time() - about.st_mtime > STALE_S
            if mine and owner.isdecimal() and not folder.is_symlink() and not _is_running(int(owner)):
                remove_scratch(folder)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
