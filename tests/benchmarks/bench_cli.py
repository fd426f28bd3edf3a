"""What a command costs from process start to exit, caches warm.

``python -m tests.benchmarks.bench_cli`` builds a library in a temporary folder and prints a table; it takes a quarter
of a minute.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPEATS = 5
BUDGETS_S = {"--help": 0.3, "search": 0.8}
QUERY = "who invented linear attention"


def measure(words: list[str]) -> tuple[float, float]:
    """Return the median and the worst wall time of a command, in seconds."""
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "kb.cli", *words], check=True, capture_output=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times), max(times)


def main() -> None:
    """Print each command's median against its budget."""
    with tempfile.TemporaryDirectory() as folder:
        search = ["--db", str(Path(folder) / "library.db"), "search", QUERY]
        # The first one builds the library and, on a new machine, exports the model.
        subprocess.run([sys.executable, "-m", "kb.cli", *search], check=True, capture_output=True)
        print(f"{'command':<20}{'median':>10}{'worst':>10}{'budget':>10}")
        for name, words in (("--help", ["--help"]), ("search", search), ("search --json", [*search, "--json"])):
            median, worst = measure(words)
            print(f"stemma {name:<13}{median:>8.3f} s{worst:>8.3f} s{BUDGETS_S[name.split()[0]]:>8.1f} s")


if __name__ == "__main__":
    main()
