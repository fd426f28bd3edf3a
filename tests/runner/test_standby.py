"""The worker that waits with torch loaded: used once, as confined as any other, quicker than a fresh start.

Handing over is the same in every way of confining: these tests use the one in force.
"""

import time

import pytest

from kb.records import Limits
from kb.runner import confinement, cool_down, run, warm_up
from kb.runner.standby import STANDBY

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
    worker = STANDBY._ready
    assert worker is not None
    worker.stop()

    assert run("import torch\nprint('ran')").stdout == "ran\n"


def test_a_program_without_torch_does_not_use_it_up(warm):
    run("print(1)")

    assert STANDBY.wait(0)
