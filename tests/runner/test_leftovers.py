"""After a run nothing is left: no process, no folder, no descriptor, not even where the app was killed."""

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from kb.records import Limits
from kb.runner import cool_down
from kb.runner.execution import run_in

PROGRAMS = {
    "ok": "print(1)",
    "error": "1 / 0",
    "timeout": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\ntime.sleep(60)",
    "crash": "import ctypes; ctypes.string_at(0)",
    "files": "for i in range(20): open(f'f{i}', 'w').write('x')",
    "mute": "import os, time\nos.closerange(0, 64)\ntime.sleep(60)",
    "torch": "import torch; print(torch.ones(2).sum())",
}


def count_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def list_scratch() -> list[str]:
    return [path.name for path in Path(tempfile.gettempdir()).glob(f"stemma-run-{os.getpid()}-*")]


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_is_left_after_a_run(guest, name):
    cool_down()
    before = count_descriptors(), psutil.Process().children(recursive=True)
    guest(PROGRAMS[name], wall_s=0.5 if name in ("timeout", "mute") else 10)
    cool_down()

    assert (count_descriptors(), psutil.Process().children(recursive=True)) == before
    assert list_scratch() == []


def test_two_runs_at_once_keep_apart(guest):
    code = "import time\nfor i in range(20): print({0}); time.sleep(0.01)\nreport('me', {0})"
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(guest, [code.format(1), code.format(2)])

    assert (first.stdout, first.figures) == ("1\n" * 20, {"me": 1})
    assert (second.stdout, second.figures) == ("2\n" * 20, {"me": 2})


def test_a_run_started_in_a_thread_leaves_nothing(guest):
    before = count_descriptors()
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(guest, [PROGRAMS["ok"]] * 12))

    assert [result.stdout for result in results] == ["1\n"] * 12
    assert count_descriptors() == before


def test_a_guest_does_not_see_the_files_of_the_one_before(guest):
    guest("open('trace', 'w').write('x')")

    assert guest("import os; print(os.listdir())").stdout == "[]\n"


APP = """
import os, signal, sys, psutil
from kb.runner import execution
from kb.runner.queue import Queue
from kb.runner.standby import STANDBY
from kb.runner.worker import Worker
from kb.records import Limits
way = sys.argv[1]
if sys.argv[2] == 'runs go on':
    code = "print('begun')\\nimport time\\ntime.sleep(60)"
    work, queue = lambda ticket: execution.run_in(way, code, Limits(), ticket=ticket), Queue()
    tickets = [queue.join(work, owner='a', ended=None, places=2) for _ in range(5)]
    while [ticket.stdout for ticket in tickets].count('begun\\n') < 2: pass
STANDBY.refill(way, 16)
worker = Worker(way, disk_mb=16)
if sys.argv[2] == 'killed':
    assert STANDBY.wait(60)
print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
if sys.argv[2] == 'killed':
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("ending", ["killed", "while one is starting", "runs go on"])
def test_workers_die_with_the_app(way, tmp_path, repository, ending):
    environment = os.environ | {"PYTHONPATH": str(repository), "TMPDIR": str(tmp_path)}
    begun = time.monotonic()
    app = subprocess.run(
        [sys.executable, "-c", APP, way, ending], env=environment, capture_output=True, text=True, timeout=60
    )
    pids = [int(pid) for pid in app.stdout.split()]
    deadline = time.monotonic() + 5
    while any(psutil.pid_exists(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert app.stderr == ""
    assert app.returncode == (-9 if ending == "killed" else 0)
    assert pids
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    if ending != "killed":
        assert list(tmp_path.iterdir()) == []
        assert time.monotonic() - begun < 30


def test_an_interrupted_run_leaves_nothing(way, monkeypatch):
    before = count_descriptors(), psutil.Process().children(recursive=True)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kb.runner.execution._watch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_in(way, "import time; time.sleep(60)", Limits())

    assert (count_descriptors(), psutil.Process().children(recursive=True)) == before
    assert list_scratch() == []
