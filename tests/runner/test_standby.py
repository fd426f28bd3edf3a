"""The workers that wait with torch loaded: used once, as confined as any other, quicker than a fresh start.

Handing over is the same in every way of confining: these tests use the one in force.
"""

import time
from pathlib import Path

import pytest

from kb.records import Limits
from kb.runner import confinement, cool_down, run, standby, submit, warm_up
from kb.runner.standby import STANDBY, WORKER_MB, find_room
from kb.runner.worker import Worker

WAIT_S = 60.0


@pytest.fixture(autouse=True, scope="module")
def some_way() -> None:
    """A way of confining is in force."""
    found = confinement()
    if found.way == "none":
        pytest.skip(f"nothing confines a program on this machine: {'; '.join(found.reasons)}")


@pytest.fixture
def warm() -> None:
    """A worker is ready."""
    assert warm_up(wait_s=WAIT_S)


def test_the_hand_over_is_quicker_than_a_fresh_start():
    cool_down()
    begun = time.monotonic()
    cold = run("import torch; report('x', torch.ones(2))")
    cold_s = time.monotonic() - begun
    assert STANDBY.wait(WAIT_S)
    begun = time.monotonic()
    warm = run("import torch; report('x', torch.ones(2))")
    warm_s = time.monotonic() - begun

    assert cold.figures == warm.figures == {"x": [1.0, 1.0]}
    assert warm_s < cold_s / 2


def test_a_worker_is_used_once(warm):
    marked = run("import torch\ntorch.mark = 1\nprint('marked')")

    assert marked.stdout == "marked\n"
    assert run("import torch\nprint(hasattr(torch, 'mark'))").stdout == "False\n"


def test_the_limits_are_those_of_the_run(warm):
    result = run("import torch\ntorch.ones(200 << 18)", Limits(memory_mb=100))

    assert (result.status, "100 MiB" in result.message) == ("killed", True)


def test_the_waiting_worker_is_confined(warm):
    result = run("import torch\nimport socket\nsocket.socket()")

    assert (result.status, "PermissionError" in result.message) == ("error", True)


def test_another_size_of_disk_starts_afresh(warm):
    result = run("import torch\nopen('f', 'wb').write(b'x' * (20 << 20))\nprint('fits')", Limits(disk_mb=32))

    assert result.stdout == "fits\n"


def test_a_waiting_worker_that_has_died_is_replaced(warm):
    for worker in STANDBY._ready:
        worker.stop()

    assert run("import torch\nprint('ran')").stdout == "ran\n"


def test_a_program_without_torch_does_not_use_it_up(warm):
    run("print(1)")

    assert STANDBY.wait(0)


TORCH = "import torch\nreport('x', torch.ones(2))"


@pytest.fixture
def two():
    """Two workers are wanted, and one again afterwards."""
    cool_down()
    warm_up(2)
    if not STANDBY.wait(WAIT_S, 2):
        pytest.skip(f"this machine has room for {find_room()} waiting worker only")
    yield
    STANDBY.want(1)
    cool_down()


def test_two_that_wait_serve_two_runs_at_once(two):
    begun = time.monotonic()
    tickets = [submit(TORCH, at_once=2) for _ in range(2)]
    results = [ticket.wait(WAIT_S) for ticket in tickets]
    together_s = time.monotonic() - begun
    cool_down()
    begun = time.monotonic()
    run(TORCH)
    cold_s = time.monotonic() - begun

    assert [result.figures for result in results] == [{"x": [1.0, 1.0]}] * 2
    assert together_s < cold_s / 2


def test_a_run_that_nobody_waited_for_takes_the_one_that_is_being_made():
    cool_down()
    warm_up()
    begun = time.monotonic()
    result = run(TORCH)

    assert result.figures == {"x": [1.0, 1.0]}
    assert STANDBY.wait(WAIT_S)
    assert time.monotonic() - begun < WAIT_S


def test_a_machine_with_little_memory_keeps_one(monkeypatch, tmp_path):
    def pretend(free_mb: int) -> int:
        file = tmp_path / "meminfo"
        file.write_text(f"MemTotal: 1 kB\nMemAvailable:  {free_mb << 10} kB\n")
        monkeypatch.setattr(standby, "Path", lambda _: file)
        return find_room()

    assert [pretend(free) for free in (0, 1000, 8 * WORKER_MB, 2 * 8 * WORKER_MB, 9 * 8 * WORKER_MB)] == [
        1,
        1,
        1,
        2,
        9,
    ]
    monkeypatch.setattr(standby, "Path", lambda _: tmp_path / "absent")
    assert find_room() == 1


def test_the_memory_of_a_worker_is_what_is_counted_on():
    worker = Worker(confinement().way, disk_mb=1, preload=standby.PRELOAD)
    with worker:
        rows = Path(f"/proc/{worker._guest_pid}/smaps_rollup").read_text().splitlines()
    own_kb = sum(int(row.split()[1]) for row in rows if row.startswith("Private_"))

    assert own_kb >> 10 < 1.5 * WORKER_MB


def test_a_cancelled_run_does_not_wait_for_torch():
    cool_down()
    ticket = submit("import torch\nimport time\ntime.sleep(60)")
    while ticket.state == "waiting":
        time.sleep(0.01)
    begun = time.monotonic()
    ticket.cancel()
    result = ticket.wait(WAIT_S)

    assert (result.status, result.wall_s) == ("cancelled", 0)
    assert time.monotonic() - begun < 0.5
