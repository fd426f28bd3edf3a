"""A slice of the real corpus: an import that is killed and started again ends as if nothing had happened."""

import gzip
import os
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest

from ingest.pipeline import import_file
from kb.store import open_store
from kb.store.health import find_problems
from tests.dumps import Dump, dump_exactly, dump_library

RECORDS = 600
_IMPORT = """
import sys
from pathlib import Path
from ingest.pipeline import import_file
from kb.store import open_store
with open_store(sys.argv[1]) as store:
    import_file(Path(sys.argv[2]), store, progress=lambda done, total: print(done, flush=True))
"""
#: Reads until its input is closed, and prints how often it read and how long the slowest reading took, in seconds.
_READ = """
import select, sys, time
from kb.records import SearchFilter
from kb.store import open_store
from kb.store.lookup import match_lexical
from kb.store.papers import count_papers
slowest, times, before = 0.0, 0, 0
with open_store(sys.argv[1]) as store:
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        started = time.perf_counter()
        with store.read() as session:
            count = count_papers(session)
            match_lexical(session, '"attention"', SearchFilter(), 10)
            assert count == count_papers(session) >= before, "a reader saw two states, or an older one"
        slowest, times, before = max(slowest, time.perf_counter() - started), times + 1, count
print(times, slowest)
"""


@pytest.fixture(scope="module")
def part(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first records of the corpus, as a file."""
    file = tmp_path_factory.mktemp("corpus") / "part.jsonl"
    with gzip.open(shared / "corpora/lm-architectures/s2-papers.jsonl.gz", "rt", encoding="utf-8") as lines:
        file.write_text("".join(islice(lines, RECORDS)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def whole(part: Path) -> Dump:
    """What a library holds after an import that nobody disturbed."""
    return dump_library(_import_at_once(part, part.with_name("whole.db")))


def _import_at_once(part: Path, file: Path) -> Path:
    with open_store(str(file)) as store:
        report = import_file(part, store)
    assert report.read == RECORDS
    return file


def _start(repository: Path, code: str, *arguments: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=repository, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.parametrize("after", [200, 400])
def test_a_killed_import_goes_on_to_the_same_library(
    repository: Path, part: Path, whole: Dump, tmp_path: Path, after: int
) -> None:
    file = tmp_path / "library.db"
    open_store(str(file)).close()
    importing = _start(repository, _IMPORT, file, part)
    assert importing.stdout is not None
    try:
        while int(importing.stdout.readline()) < after:
            pass
        # Somewhere inside the next batch.
        time.sleep(0.02)
    finally:
        os.kill(importing.pid, signal.SIGKILL)
        importing.communicate()
    assert importing.returncode == -signal.SIGKILL
    with open_store(str(file)) as store:
        report = import_file(part, store)
        with store.read() as session:
            assert find_problems(session) == []
    assert report.resumed_at >= after
    assert report.resumed_at + report.read == RECORDS
    assert dump_library(file) == whole


def test_importing_twice_changes_nothing(part: Path, tmp_path: Path) -> None:
    file = _import_at_once(part, tmp_path / "library.db")
    before = dump_exactly(file)
    with open_store(str(file)) as store:
        report = import_file(part, store)
    assert (report.added, report.updated, report.unchanged + report.for_review) == (0, 0, RECORDS)
    assert dump_exactly(file) == before


def test_a_reader_in_another_process_is_never_disturbed(repository: Path, part: Path, tmp_path: Path) -> None:
    file = tmp_path / "library.db"
    open_store(str(file)).close()
    reading = _start(repository, _READ, file)
    assert reading.stdout is not None
    assert reading.stdout.readline() == "ready\n"
    _import_at_once(part, file)
    out, errors = reading.communicate(timeout=60)
    assert (reading.returncode, errors) == (0, "")
    times, slowest = out.split()
    print(f"{times} readings during the import, the slowest took {float(slowest) * 1000:.0f} ms")
    assert int(times) >= 3
