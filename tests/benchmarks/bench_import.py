"""Measure the import of Semantic Scholar records, without embedding, against the budget.

``python -m tests.benchmarks.bench_import [FILE]`` prints a table. Without a file it writes records of its own:
as many, and citing as much, as a real crawl (4,500 records, 50 citations each, a third of them within the file).
The rate is given beside that of parsing alone, so that a slow machine is told from a slow store.
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from ingest.files import stream_records
from ingest.pipeline import import_file
from kb.store import open_store

RECORDS, CITES, BUDGET = 4_500, 50, 1_500


def write_records(file: Path) -> None:
    """Write made-up records in the shape of Semantic Scholar's."""
    draw = random.Random(0)
    keys = [f"{number:040x}" for number in range(3 * RECORDS)]
    words = [f"word{number}" for number in range(5_000)]
    with file.open("wb") as out:
        for number in range(RECORDS):
            cited = draw.sample(keys, CITES)
            record = {
                "paperId": keys[number],
                "externalIds": {"CorpusId": number},
                "title": " ".join(draw.choices(words, k=9)),
                "abstract": " ".join(draw.choices(words, k=150)),
                "year": draw.randint(1990, 2024),
                "authors": [{"name": f"Author {draw.randint(0, 9_999)}"} for _ in range(4)],
                "references": [{"paperId": key, "title": " ".join(draw.choices(words, k=9))} for key in cited],
            }
            out.write(orjson.dumps(record) + b"\n")


def measure(run: Callable[[], int]) -> tuple[int, float]:
    """Return what ``run`` returns and how many seconds it took."""
    begun = time.perf_counter()
    return run(), time.perf_counter() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "records.jsonl"
        if len(sys.argv) == 1:
            write_records(file)
        rows = [("parse only", *measure(lambda: sum(1 for _ in stream_records(file))))]
        with open_store(str(Path(folder) / "library.db")) as store:
            rows.append(("import", *measure(lambda: import_file(file, store).read)))
            rows.append(("import again", *measure(lambda: import_file(file, store).unchanged)))
    print(f"{'what':<14}{'records':>9}{'seconds':>9}{'per second':>12}")
    for what, count, seconds in rows:
        print(f"{what:<14}{count:>9,}{seconds:>9.2f}{count / seconds:>12,.0f}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"budget of the import: {BUDGET:,} a second; peak memory {memory} MiB")


if __name__ == "__main__":
    main()
