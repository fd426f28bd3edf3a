"""What a run costs beyond the program's own computing.

``python -m tests.benchmarks.bench_runner`` prints a table; it takes half a minute.
"""

import statistics
import time
from collections.abc import Callable

from kb.errors import RunnerError
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


def main() -> None:
    """Print one table for each way that this machine permits."""
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
