"""Runs the tests of an idea against its mutants: everything is loaded once, and every mutant is a fork of that.

What a mutant must fail is the truth about the idea: its own test file and the contracts of ``test_ideas.py``. Tests
that load a wrong variant of their own (fixture ``mutated``) are left out: they would fail because the fragment that
they replace is gone, which says nothing. For the same reason text that a test reads stays the shipped text.
"""

import gc
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "reference"
CONTRACTS = "test_ideas"
#: What is told by its difference from another is tested with it.
TESTED_TOGETHER = {"post_ln": "norm_blocks", "pre_ln": "norm_blocks"}
MEMORY_BYTES = 16 << 30
#: The longest that a mutant may take; what runs on and on is noticed by whoever waits.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Outcome:
    """How one mutant ended: ``by`` is the test that failed, "out of time", or empty where it survived."""

    by: str

    @property
    def is_killed(self) -> bool:
        """Whether a test noticed."""
        return bool(self.by)

    @property
    def by_contract(self) -> bool:
        """Whether only what holds for every idea noticed, and not the idea's own tests."""
        return self.by.startswith(CONTRACTS)


Trial = Callable[[str], Outcome]


def own_tests(idea: str) -> Path:
    """Return an idea's test file."""
    return TESTS / f"test_{TESTED_TOGETHER.get(idea, idea)}.py"


class Bench:
    """A pytest plugin that lets go of the usual loop: ``work`` decides which mutant runs when."""

    def __init__(self, work: Callable[["Bench"], None], scratch: Path) -> None:
        self._work, self._scratch = work, scratch
        self._items: list[pytest.Item] = []
        self._failed = ""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            pytest.exit("a test file cannot be loaded: run pytest on the tests of these ideas", returncode=2)
        import torch

        torch.set_num_threads(1)
        self._items = session.items
        self._work(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self._failed:
            path, _, test = report.nodeid.partition("::")
            self._failed = f"{Path(path).stem}::{test}"

    def tests_of(self, idea: str) -> list[pytest.Item]:
        """Return the tests of an idea, its own before the contracts."""
        own = [one for one in self._items if one.path == own_tests(idea) and "mutated" not in one.fixturenames]
        contracts = [one for one in self._items if one.path.stem == CONTRACTS and _idea_of(one) == idea]
        return own + contracts

    def trial(self, idea: str) -> Trial:
        """Return what tries one faulty text of an idea.

        The idea as it ships is tested here first, so that no fork waits for what is loaded on first use.

        Everything ends where it fails them, or where a text that cannot work does not.
        """
        tests = self.tests_of(idea)
        self._test(tests)
        if self._failed:
            pytest.exit(f"{idea} as it ships fails {self._failed}: correct that first", returncode=2)
        gc.collect()
        gc.freeze()

        def run(code: str) -> Outcome:
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(reader)
                self._be_the_mutant(idea, code, tests, writer)
            os.close(writer)
            with os.fdopen(reader) as answer:
                said = answer.read()
            _, status = os.waitpid(child, 0)
            self._sweep()
            if os.WIFSIGNALED(status):
                late = os.WTERMSIG(status) == signal.SIGALRM
                return Outcome("out of time" if late else f"signal {os.WTERMSIG(status)}")
            return Outcome(json.loads(said))

        if not run(f"def {idea}(*_, **__):\n    raise RuntimeError\n").is_killed:
            pytest.exit(
                f"what the tests of {idea} test is not the text that this tool puts in its place", returncode=2
            )
        return run

    def _sweep(self) -> None:
        # what a fork left behind: the folders that every test is given
        for path in self._scratch.iterdir() if self._scratch.is_dir() else ():
            shutil.rmtree(path, ignore_errors=True)

    def _test(self, tests: Sequence[pytest.Item]) -> None:
        """Run tests up to the first that fails."""
        for item, after in zip(tests, [*tests[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if self._failed:
                return

    def _be_the_mutant(self, idea: str, code: str, tests: Sequence[pytest.Item], writer: int) -> NoReturn:
        try:
            signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            silent = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(silent, stream)
            self._failed = install(idea, code)
            if not self._failed:
                self._test(tests)
        except BaseException as error:  # noqa: BLE001 -- a fork must not go on as if it were the tool
            self._failed = self._failed or f"the run itself: {type(error).__name__}"
        os.write(writer, json.dumps(self._failed).encode())
        os._exit(0)


def _idea_of(item: pytest.Item) -> str:
    return (
        item.callspec.params["idea"].function if hasattr(item, "callspec") and "idea" in item.callspec.params else ""
    )


def install(idea: str, code: str) -> str:
    """Put a text in the place of an idea's module; return why it cannot be loaded, empty if it can."""
    module = types.ModuleType(f"kb.reference.{idea}")
    sys.modules[module.__name__] = module
    try:
        exec(compile(code, f"{idea} (mutant)", "exec"), module.__dict__)
    except Exception as error:  # noqa: BLE001 -- whatever a faulty text raises, it is noticed
        return f"loading: {type(error).__name__}"
    return ""


def open_bench(ideas: Sequence[str], work: Callable[[Bench], None]) -> int:
    """Load the test files of some ideas once and hand the bench to ``work``; return pytest's exit code."""
    files = [str(file) for file in dict.fromkeys([*map(own_tests, ideas), TESTS / f"{CONTRACTS}.py"])]
    options = ["-q", "-x", "-s", "--tb=no", "--no-header", "--no-summary", "-p", "no:cacheprovider"]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bench = Bench(work, Path(folder, "base"))
        return pytest.main([*options, f"--basetemp={folder}/base", f"--rootdir={ROOT}", *files], plugins=[bench])
