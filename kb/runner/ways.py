"""The ways of confining a process: what each one starts, what it leaves readable, and which are to be had here.

Both ways end in the same harness (``guest.py``) and the same seccomp filter. They differ in what hides the files:
bubblewrap gives the guest namespaces of its own, with an empty root into which a few folders are bound read-only;
in-process relies on Landlock, or, on a kernel without it, on refusing to open anything for writing.
"""

import ctypes
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from kb.errors import RunnerError

Way = Literal["bubblewrap", "in-process", "none"]
HARNESS = Path(__file__).with_name("guest.py")

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/ld.so.cache", "/sys/devices/system/cpu")
#: Not /tmp: an installation may stand below it, and its folders would be seen among the guest's own.
IN_SANDBOX = Path("/scratch")
"""The guest's own, a memory disk; not the host's."""
GUEST_THREADS = "2"

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_FILE, MAKE_REG, TRUNCATE = 1, 2, 4, 8, 1 << 5, 1 << 8, 1 << 14
FIRST_VERSION_RIGHTS = (1 << 13) - 1


def interpreter() -> str:
    """Return the interpreter itself: a virtual environment's link leads out of what the guest can see."""
    return str(Path(sys.executable).resolve())


def library_folders() -> list[str]:
    """Return where installed packages are (torch among them), in the order of import."""
    folders = [Path(entry).resolve() for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    return list(dict.fromkeys(str(folder) for folder in folders if folder.is_dir()))


def readable_paths() -> list[str]:
    """Return what a guest may read, outer folders first, none of them inside another.

    Raises
    ------
    RunnerError : the interpreter is installed such that it cannot be shown without the user's home
    """
    wanted = [*SYSTEM, str(Path(sys.base_prefix).resolve()), str(Path(interpreter()).parent), *library_folders()]
    paths: list[str] = []
    home = _find_home()
    for path in sorted({path for path in wanted if Path(path).exists()}, key=len):
        if home is not None and home.is_relative_to(path):
            raise RunnerError(f"{path} holds both Python and your home folder: install Python in a folder of its own")
        if not any(Path(path).is_relative_to(outer) for outer in paths):
            paths.append(path)
    return paths


def _find_home() -> Path | None:
    try:
        return Path.home().resolve()
    except RuntimeError:  # an account without one
        return None


def guest_environment(scratch: Path) -> dict[str, str]:
    """Return all that a guest sees of the environment."""
    environment = {"HOME": str(scratch), "TMPDIR": str(scratch), "LANG": "C.UTF-8", "OMP_NUM_THREADS": GUEST_THREADS}
    environment["OPENBLAS_NUM_THREADS"] = GUEST_THREADS
    if "LD_LIBRARY_PATH" in os.environ:  # some builds of Python find their own library only by it
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return environment


def bubblewrap_command(disk_mb: int, answers: int, outer_filter: int) -> list[str]:
    """Return the command that starts the harness in bubblewrap.

    Parameters
    ----------
    disk_mb      : size of the scratch disk, MiB
    answers      : descriptor that the harness answers on
    outer_filter : descriptor to read the first seccomp program from
    """
    program = shutil.which("bwrap")
    if program is None:
        raise RunnerError("bubblewrap is not installed: install the system package bubblewrap")
    command = [program, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    command += ["--proc", "/proc", "--dev", "/dev", "--size", str(disk_mb << 20), "--tmpfs", str(IN_SANDBOX)]
    for path in readable_paths():
        command += ["--ro-bind", path, path]
    command += ["--ro-bind", str(HARNESS), "/guest.py"]
    # The first two are memory disks without a bound: what could be written there would be the machine's memory.
    # Below the third, root without any capability could still change the kernel's settings.
    command += ["--remount-ro", "/dev", "--remount-ro", "/", "--remount-ro", "/proc", "--chdir", str(IN_SANDBOX)]
    for name, value in guest_environment(IN_SANDBOX).items():
        command += ["--setenv", name, value]
    command += ["--seccomp", str(outer_filter)]
    return [*command, "--", interpreter(), "-I", "-S", "-X", "utf8", "/guest.py", str(answers)]


def plain_command(answers: int) -> list[str]:
    """Return the command that starts the harness as an ordinary child, which then confines itself."""
    return [interpreter(), "-I", "-S", "-X", "utf8", str(HARNESS), str(answers)]


def landlock_version() -> int:
    """Return the version of Landlock that this kernel offers, 0 for none."""
    if sys.platform != "linux":
        return 0
    version: int = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)
    return max(version, 0)


def landlock_order(version: int, pid: int, scratch: Path) -> Mapping[str, object]:
    """Return what the harness asks of Landlock: everything refused but reading a few paths and its own folder.

    The scratch folder takes plain files only, no folders and no links, so that the host can measure and empty it
    at a glance.
    """
    files = FIRST_VERSION_RIGHTS | (1 << 13 if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    files |= 1 << 15 if version >= 5 else 0
    own = [f"/proc/{pid}/{name}" for name in ("auxv", "cgroup", "fd", "limits", "maps", "stat", "statm", "status")]
    own += ["/proc/cpuinfo", "/proc/meminfo", "/dev/zero", "/dev/random", "/dev/urandom"]
    paths = [[path, READ_FILE | (READ_DIR if Path(path).is_dir() else 0)] for path in [*readable_paths(), *own]]
    paths.append([os.devnull, READ_FILE | WRITE_FILE])
    paths.append([str(scratch), (READ_FILE | READ_DIR | WRITE_FILE | REMOVE_FILE | MAKE_REG | TRUNCATE) & files])
    return {"files": files, "network": 3 if version >= 4 else 0, "scope": 3 if version >= 6 else 0, "paths": paths}
