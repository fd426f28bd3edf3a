"""What a run costs beyond the program's own computing.

``python -m tests.benchmarks.bench_runner`` prints a table; it takes half a minute. With ``--ideas`` it runs every
shipped idea through ``Library.run`` on a standby worker, which takes two minutes: what is then told is the wall time
less the seconds that the idea's function itself took in one call. So composing the program, waiting for the worker,
building inputs, the second timing, the growth with T, recording the run all count as beyond.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kb.errors import RunnerError
from kb.library import Library
from kb.records import Limits
from kb.runner import cool_down
from kb.runner.execution import run_in
from kb.runner.standby import STANDBY
from kb.runner.ways import Way
from kb.runner.worker import Worker

PLAIN = "report('x', 1)"
TORCH = "import torch\nreport('x', float(torch.ones(8, 8).sum()))"
WAIT_S = 60.0


def measure(
    repeats: int, work: Callable[[], object], before: Callable[[], object] = lambda: None
) -> tuple[float, float]:
    """Return the median and the worst wall time in seconds; ``before`` is not counted."""
    times = []
    for _ in range(repeats):
        before()
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times), max(times)


def list_rows(way: Way) -> list[tuple[str, tuple[float, float]]]:
    """Return what is measured in one way of confining."""

    def prepare() -> None:
        STANDBY.refill(way, Limits().disk_mb)
        STANDBY.wait(WAIT_S)

    def run_plain() -> object:
        return run_in(way, PLAIN, Limits(), trusted=True)

    def run_torch() -> object:
        return run_in(way, TORCH, Limits(), trusted=True)

    return [
        ("start without torch, run", measure(20, run_plain)),
        ("start with torch, run", measure(3, run_torch, cool_down)),
        ("standby with torch, run", measure(8, run_torch, prepare)),
    ]


def list_ideas(library: Library, repeats: int = 3) -> list[tuple[float, float, str]]:
    """Return for each shipped idea the median and the worst of what a run takes beyond its function, and its slug."""
    rows = []
    for idea in library.ideas():
        times = []
        for _ in range(repeats):
            library.warm_up()
            STANDBY.wait(WAIT_S)
            begun = time.perf_counter()
            result = library.run(idea.slug)
            took = time.perf_counter() - begun
            assert result.status == "ok", f"{idea.slug}: {result.message}"
            own = result.figures["seconds"]
            times.append(took - (own if isinstance(own, float) else 0.0))
        rows.append((statistics.median(times), max(times), idea.slug))
    return sorted(rows, reverse=True)


def print_ideas() -> None:
    """Print one line for each shipped idea, the slowest first."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(str(Path(folder) / "bench.db"), build=False) as library,
    ):
        rows = list_ideas(library)
    cool_down()
    print(f"{'Library.run beyond the function':<36}{'median':>10}{'worst':>10}   budget: 0.300 s")
    for median, worst, slug in rows:
        print(f"{slug:<36}{median:>8.3f} s{worst:>8.3f} s")


def main() -> None:
    """Print one table for each way that this machine permits."""
    if "--ideas" in sys.argv:
        print_ideas()
        return
    ways: tuple[Way, ...] = ("bubblewrap", "in-process", "none")
    print(f"{'way':<12}{'what':<28}{'median':>10}{'worst':>10}   budget of the standby run: 0.300 s")
    for way in ways:
        try:
            Worker(way, disk_mb=1).close()
        except RunnerError as error:
            print(f"{way:<12}{error}")
            continue
        for what, (median, worst) in list_rows(way):
            print(f"{way:<12}{what:<28}{median:>8.3f} s{worst:>8.3f} s")
        cool_down()


if __name__ == "__main__":
    main()
