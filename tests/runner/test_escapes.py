"""What a program must not reach. Each attempt is also made unconfined, where it has to succeed: it is a real one."""

import os
from pathlib import Path

import pytest

import kb
from kb.errors import RunnerError
from kb.records import Limits
from kb.runner import ways
from kb.runner.execution import run_in
from kb.runner.worker import Worker

ATTEMPTS = {
    "internet socket": "import socket; socket.socket(socket.AF_INET)",
    "internet socket, version 6": "import socket; socket.socket(socket.AF_INET6)",
    "unix socket": "import socket; socket.socket(socket.AF_UNIX)",
    "socket pair": "import socket; socket.socketpair()",
    "fork": "import os\nif os.fork() == 0: os._exit(0)\nos.wait()",
    "fork by C": "import ctypes, os\nassert (pid := ctypes.CDLL(None).fork()) >= 0 or refused()\npid or os._exit(0)",
    "subprocess": "import subprocess; subprocess.run(['/bin/true'], check=True)",
    "posix spawn": "import os; os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)",
    "multiprocessing": "import multiprocessing as m\np = m.get_context('fork').Process()\np.start(); p.join()",
    "own program replaced": "import os\nprint('escaped', flush=True); os.execv('/bin/true', ['true'])",
    "signal to the parent": "import os; os.kill(os.getppid(), 0)",
    "signal to the parent's group": "import os; os.killpg(os.getpgid(os.getppid()), 0)",
    "signal to a thread": "import ctypes, os; refused() if ctypes.CDLL(None).syscall(200, os.getppid(), 0) else 0",
    "signal by a pipe": "import fcntl, os; fcntl.fcntl(1, fcntl.F_SETOWN, os.getppid())",
    "limits of the parent": "import os, resource; resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)",
    "processor of the parent": "import os; os.sched_setaffinity(os.getppid(), os.sched_getaffinity(0))",
    "environment of the parent": "import os; print(len(open(f'/proc/{os.getppid()}/environ').read()))",
    "a list of users": "open('/etc/passwd').read()",
    "a file": "open(VICTIM).read()",
    "a file by a link": "import os\nos.symlink(VICTIM, 'link')\nopen('link').read()",
    "a file by a hard link": "import os\nos.link(VICTIM, os.environ['HOME'] + '/link')\nopen('link').read()",
    "a file by proc": "import os; open(f'/proc/self/root{VICTIM}').read()",
    "a file upwards": "import os; open(os.path.relpath(VICTIM)).read()",
    "a folder": "import os; os.listdir(os.path.dirname(VICTIM))",
    "a folder that is home": "import os; set(AT_HOME) <= set(os.listdir(HOME)) or refused()",
    "writing": "open(VICTIM, 'w').write('x')",
    "appending": "open(VICTIM, 'a').write('x')",
    "truncating": "import os; os.truncate(VICTIM, 0)",
    "truncating by reading": "import os; os.open(VICTIM, os.O_RDONLY | os.O_TRUNC)",
    "removing": "import os; os.remove(VICTIM)",
    "renaming": "import os; os.rename(VICTIM, VICTIM + '2')",
    "changing rights": "import os; os.chmod(VICTIM, 0o600)",
    "changing dates": "import os; os.utime(VICTIM)",
    "a new file": "open(VICTIM + '2', 'w')",
    "a new folder": "import os; os.mkdir(VICTIM + '2')",
    "writing by a link": "import os\nos.symlink(VICTIM, 'link')\nopen('link', 'w').write('x')",
    "writing by a linked folder": "import os\nos.symlink(os.path.dirname(VICTIM), 'out')\nopen('out/new', 'w')",
    "removing by a linked folder": "import os\nos.symlink(os.path.dirname(VICTIM), 'o')\nos.remove('o/victim.txt')",
    "moving out of its folder": "import os\nopen('mine', 'w').close()\nos.rename('mine', VICTIM)",
    "the package's own code": "open(PACKAGE + '/__init__.py', 'r+b').close()",
    "the harness that holds it": "open(PACKAGE + '/runner/guest.py', 'r+b').close()",
    "the libraries": "import numpy; open(numpy.__file__, 'r+b').close()",
}

PRELUDE = """
VICTIM, PACKAGE, HOME, AT_HOME = {victim!r}, {package!r}, {home!r}, {at_home}
def refused(): raise PermissionError('refused')
"""


@pytest.fixture
def victim(tmp_path):
    """A file of the user's; unchanged afterwards, or the test fails."""
    file = tmp_path / "victim.txt"
    file.write_text("private")
    os.utime(file, (1, 1))
    return file


def build_attempt(name: str, victim: Path) -> str:
    """Return the attempt as a program that says when it has succeeded."""
    package, home = str(Path(kb.__file__).parent), Path.home()
    at_home = sorted(entry.name for entry in home.iterdir())
    prelude = PRELUDE.format(victim=str(victim), package=package, home=str(home), at_home=at_home)
    return prelude + ATTEMPTS[name] + "\nprint('escaped')\n"


@pytest.mark.parametrize("name", ATTEMPTS)
def test_the_attempt_fails(guest, victim, name):
    result = guest(build_attempt(name, victim))

    if name == "environment of the parent" and result.status == "ok":
        assert result.stdout.startswith("0\n")  # a parent of the sandbox's own, with nothing in it
    else:
        assert "escaped" not in result.stdout.replace("escaped\n", "", name == "own program replaced")
        assert result.status == "error"
        assert any(kind in result.message for kind in ("PermissionError", "FileNotFoundError", "OSError"))
    assert victim.read_text() == "private"
    assert victim.stat().st_mtime == 1
    assert [entry.name for entry in victim.parent.iterdir()] == ["victim.txt"]


@pytest.mark.parametrize("name", ATTEMPTS)
def test_the_attempt_succeeds_where_nothing_confines(victim, name):
    result = run_in("none", build_attempt(name, victim), Limits(), trusted=True)

    assert (result.status, "escaped" in result.stdout) == ("ok", True), result.stderr


RAW = {
    "ptrace": 101,
    "mount": 165,
    "setns": 308,
    "unshare": 272,
    "bpf": 321,
    "keyctl": 250,
    "io_uring_setup": 425,
    "userfaultfd": 323,
    "perf_event_open": 298,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "pidfd_open": 434,
    "clone3": 435,
    "open_by_handle_at": 304,
    "memfd_create": 319,
    "openat2": 437,
    "vfork": 58,
    "execveat": 322,
    "shmget": 29,
    "seccomp": 317,
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers of system calls are those of x86-64")
def test_dangerous_system_calls_are_refused(guest):
    code = f"""
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
for name, number in {RAW}.items():
    report(name, errno.errorcode[ctypes.get_errno()] if libc.syscall(number, 0, 0, 0, 0, 0) == -1 else 'done')
"""
    figures = guest(code).figures

    assert set(figures) == set(RAW)
    assert set(figures.values()) <= {"EPERM", "ENOSYS"}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="32-bit calls are those of x86-64")
def test_the_32_bit_entrance_is_closed(guest):
    code = """
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3")  # mov eax, 20 (getpid of i386); int 0x80; ret
print('pid', ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))())
"""
    result = guest(code)

    assert (result.status, result.stdout) == ("killed", "")
    assert "SIGSYS" in result.message


def test_no_privilege_is_left(guest):
    code = "report('all', dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines()))"
    status = guest(code).figures["all"]

    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
    assert (status["NoNewPrivs"].strip(), status["Seccomp"].strip()) == ("1", "2")


def test_nothing_of_the_environment_is_seen(guest, monkeypatch):
    monkeypatch.setenv("STEMMA_S2_KEY", "secret-of-the-user")
    known = {
        "HOME",
        "LANG",
        "LC_CTYPE",
        "LD_LIBRARY_PATH",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "PWD",
        "TMPDIR",
    }
    result = guest("import os\nreport('names', list(os.environ))\nprint(os.environ)")

    assert set(result.figures["names"]) <= known
    assert "secret-of-the-user" not in result.stdout


def test_no_file_of_the_home_folder_is_seen(guest):
    files = [entry for entry in Path.home().iterdir() if entry.is_file() and entry.stat().st_size][:5]
    if not files:
        pytest.skip("this account's home folder holds no file to read")
    code = f"""
for path in {[str(file) for file in files]}:
    try:
        open(path, 'rb').read()
    except OSError:
        continue
    print('read')
"""
    assert guest(code).stdout == ""
    assert run_in("none", code, Limits(), trusted=True).stdout == "read\n" * len(files)


def test_the_harness_inside_the_sandbox_is_not_changed(guest):
    """Under bubblewrap it stands at another place, where the next guest would find it."""
    result = guest(
        "import sys\nharness = sys.modules['builtins'].report.__func__.__code__.co_filename\nopen(harness, 'r+b')"
    )

    assert result.status == "error"
    assert any(kind in result.message for kind in ("PermissionError", "FileNotFoundError", "OSError"))


@pytest.mark.parametrize("folder", ["/", "/dev", "/dev/shm", "/proc/sys/kernel", "/sys/devices/system/cpu", "/usr"])
def test_nothing_is_written_outside_the_scratch_folder(guest, folder):
    result = guest(f"open('{folder}/stemma-test', 'w')")

    assert result.status == "error"
    assert not Path(folder, "stemma-test").exists()


def test_kernel_settings_are_not_changed(guest):
    code = """
for name in ('sys/kernel/core_pattern', 'sys/vm/drop_caches', 'sysrq-trigger', 'self/oom_score_adj', 'self/mem'):
    try:
        open(f'/proc/{name}', 'r+b', buffering=0)  # opened only: written to, it would change this machine
    except OSError:
        print('refused')
"""
    assert guest(code).stdout == "refused\n" * 5


def test_connections_of_the_machine_are_not_listed(guest):
    result = guest("print(len(open('/proc/self/net/tcp').readlines()))")

    assert result.stdout in ("", "1\n")  # nothing, or the heading of an empty list


def test_the_parent_is_still_there_after_attempts_on_its_life(guest):
    code = """
import os
for pid in (os.getppid(), 1, -1, 0):
    try:
        os.kill(pid, 9)
    except OSError:
        print('refused')
"""
    assert guest(code).stdout == "refused\n" * 4


class TestWithoutLandlock:
    """A kernel without Landlock: nothing can be opened for writing, and the caution says what can be read."""

    @pytest.fixture(autouse=True)
    def old_kernel(self, monkeypatch):
        try:
            Worker("in-process", disk_mb=1).close()
        except RunnerError as error:
            pytest.skip(f"in-process cannot be had here: {error}")
        monkeypatch.setattr(ways, "landlock_version", lambda: 0)

    @pytest.mark.parametrize(
        "name", [name for name in ATTEMPTS if not name.startswith(("a file", "a folder", "a list", "env"))]
    )
    def test_the_attempt_fails(self, victim, name):
        result = run_in("in-process", build_attempt(name, victim), Limits())

        assert "escaped" not in result.stdout.replace("escaped\n", "", name == "own program replaced")
        assert result.status == "error"
        assert victim.read_text() == "private"
        assert victim.stat().st_mtime == 1
        assert [entry.name for entry in victim.parent.iterdir()] == ["victim.txt"]

    def test_torch_computes(self):
        assert run_in("in-process", "import torch; print(int(torch.ones(3).sum()))", Limits()).stdout == "3\n"
