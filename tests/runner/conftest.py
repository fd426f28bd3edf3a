"""Each test of a guest runs under every way of confining that this machine permits."""

import functools
from collections.abc import Iterator
from typing import Protocol

import pytest

from kb.errors import RunnerError
from kb.records import Limits, RunResult
from kb.runner import cool_down
from kb.runner.execution import run_in
from kb.runner.ways import Way
from kb.runner.worker import Worker


class Guest(Protocol):
    """Run a program with these limits; what is not named is small."""

    def __call__(self, code: str, **limits: float) -> RunResult: ...


@functools.cache
def find_obstacle(way: Way) -> str:
    """Return why this way cannot be had here, empty where it can."""
    try:
        Worker(way, disk_mb=1).close()
    except RunnerError as error:
        return str(error)
    return ""


@pytest.fixture(scope="session", params=["bubblewrap", "in-process"])
def way(request: pytest.FixtureRequest) -> Way:
    """A way of confining; the test is skipped where the machine does not permit it."""
    if obstacle := find_obstacle(request.param):
        pytest.skip(f"{request.param} cannot be had here: {obstacle}")
    name: Way = request.param
    return name


@pytest.fixture
def guest(way: Way) -> Guest:
    """Run a program in that way."""

    def run_guest(code: str, **limits: float) -> RunResult:
        small = {"wall_s": 10.0, "cpu_s": 5, "memory_mb": 512} | limits
        return run_in(way, code, Limits(**small))  # type: ignore[arg-type]

    return run_guest


@pytest.fixture(autouse=True, scope="session")
def no_standby() -> Iterator[None]:
    """Leave no worker waiting at the end."""
    yield
    cool_down()
