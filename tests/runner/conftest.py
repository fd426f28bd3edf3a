"""Each test of a guest runs under every way of confining that this machine permits: with bubblewrap, and without.

What a hostile program attempts, and where that is tried. Each attempt is also shown to succeed where nothing holds it
(the way ``none``, larger limits, a plain ``pickle.loads``), so that each test can fail.

=====================================  ==========================================================================
attempt                                tests
=====================================  ==========================================================================
read the home folder, files of a user  test_escapes: "a file ...", "a folder ...", test_no_file_of_the_home_folder
environment, the parent's too          test_escapes: test_nothing_of_the_environment, "environment of the parent"
open a socket of any kind              test_escapes: "internet socket", "unix socket", "socket pair"
fork, threads as processes, exec       test_escapes: "fork ...", "subprocess", "posix spawn", "own program replaced"
system calls that lead out             test_escapes: test_dangerous_system_calls, test_the_32_bit_entrance
signals to the parent, its limits      test_escapes: "signal ...", "limits of the parent", test_the_parent_is_still
writes to the package's own files      test_escapes: "the package's own code", "the harness ...", "the libraries"
symlinks out of its folder             test_escapes: "... by a link", "... by a linked folder"; test_scratch
fill the disk                          test_limits: "disk", test_..._beyond_the_disk, test_a_flood_of_empty_files
allocate                               test_limits: "memory", test_memory_beyond_the_limit, test_a_tensor_beyond
spin, sleep, stop itself               test_limits: "processor time", "time", test_an_endless_loop, test_a_sleep...
print for ever, flood the answers      test_limits: "output", test_printing_for_ever, test_a_flood_of_answers
os._exit, crashes, closed pipes        test_results: test_every_ending, test_a_crash, test_a_program_that_closes
pickled results, forged answers        test_pickles; test_results: test_nonsense_on_the_answers_pipe
outlive its run or the app             test_leftovers
=====================================  ==========================================================================
"""

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
