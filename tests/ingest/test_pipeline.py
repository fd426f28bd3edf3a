"""From files and the network into a real library: counts, repetition, interruption, resumption."""

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.pipeline import add_papers, add_query, import_file
from kb.errors import InvalidQueryError, MalformedDataError, NotFoundError, UnavailableError
from kb.ids import parse_id
from kb.settings import Settings
from kb.store import Store, open_store
from kb.store.citations import count_citations, list_citations
from kb.store.papers import count_papers, get_paper
from tests.ingest.replay import ReplayServer, Reply, write_entry

Make = Callable[..., Settings]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "library.db")) as opened:
        yield opened


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.pipeline.BATCH", 10)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """95 lines: 90 papers that cite each other in both directions, across batches, and 5 that cannot be taken."""
    lines = []
    for number in range(95):
        cited = [(number * 7 + 1) % 95, (number * 3 + 50) % 95, number + 1000]
        references = [{"paperId": f"{one:040x}", "title": f"Paper {one}"} for one in cited]
        title = None if number % 19 == 7 else f"Paper {number}"
        item = {"paperId": f"{number:040x}", "title": title, "year": 2000 + number % 20, "references": references}
        lines.append(json.dumps(item | {"authors": [{"name": f"Author {number % 13}"}]}))
    file = tmp_path / "many.jsonl"
    file.write_text("\n".join(lines))
    return file


def dump(path: Path) -> list[str]:
    """All that a library holds, as SQL."""
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_a_file_is_imported_and_linked(store: Store, recorded: Path) -> None:
    report = import_file(recorded / "s2-papers.jsonl", store)
    assert (report.file, report.read, report.added, report.updated, report.unchanged) == (
        "s2-papers.jsonl",
        3,
        3,
        0,
        0,
    )
    assert (report.linked, report.left_open, report.for_review, report.skipped) == (1, 3, 0, ())
    assert report.seconds > 0
    with store.read() as session:
        (citation,) = list_citations(session)
        assert (citation.citing, citation.cited) == ("arxiv:1409.0473", "doi:10.1162/neco.1997.9.8.1735")
        assert get_paper(session, "s2:2e9d221c206e9503ceb452302d68d10e293f2a10").title == "Long Short-Term Memory"


def test_a_feed_file_is_imported(store: Store, recorded: Path) -> None:
    report = import_file(recorded / "arxiv-lookup.xml", store)
    assert (report.read, report.added) == (3, 3)
    with store.read() as session:
        assert get_paper(session, "arxiv:1706.03762").year == 2017


@pytest.mark.usefixtures("small_batches")
def test_importing_twice_changes_nothing(store: Store, many: Path, tmp_path: Path) -> None:
    first = import_file(many, store)
    before = dump(tmp_path / "library.db")
    second = import_file(many, store)
    assert (first.read, first.added, len(first.skipped)) == (90, 90, 5)
    assert (second.read, second.added, second.updated, second.unchanged) == (90, 0, 0, 90)
    assert second.resumed_at == 0
    assert [one.place for one in second.skipped] == [one.place for one in first.skipped] == [8, 27, 46, 65, 84]
    assert dump(tmp_path / "library.db") == before


@pytest.mark.usefixtures("small_batches")
def test_progress_is_told_after_each_batch(store: Store, many: Path) -> None:
    told: list[tuple[int, int | None]] = []
    import_file(many, store, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, None) for done in (10, 20, 30, 40, 50, 60, 70, 80, 90, 95)]


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("stop_at", [10, 50, 90])
def test_an_import_broken_off_goes_on_where_it_was(tmp_path: Path, many: Path, stop_at: int) -> None:
    def stop(done: int, total: int | None) -> None:
        if done == stop_at:
            raise KeyboardInterrupt

    with open_store(str(tmp_path / "whole.db")) as whole:
        expected = import_file(many, whole)
    with open_store(str(tmp_path / "broken.db")) as broken:
        with pytest.raises(KeyboardInterrupt):
            import_file(many, broken, progress=stop)
        with broken.read() as session:
            assert count_papers(session) == stop_at - sum(place <= stop_at for place in (8, 27, 46, 65, 84))
        report = import_file(many, broken)
        assert report.resumed_at == stop_at
        assert report.added + report.unchanged < expected.added
        with broken.read() as session, open_store(str(tmp_path / "whole.db")) as whole, whole.read() as other:
            assert count_citations(session) == count_citations(other)
    assert dump(tmp_path / "broken.db") == dump(tmp_path / "whole.db")


@pytest.mark.parametrize("when", ["between two batches", "inside a batch"])
def test_an_import_that_is_killed_leaves_what_an_unbroken_one_leaves(
    tmp_path: Path, many: Path, repository: Path, when: str
) -> None:
    program = f"""
import os, signal, sys
from pathlib import Path
import ingest.pipeline as pipeline
from kb.store import open_store

pipeline.BATCH = 10
inside = {when == "inside a batch"}

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def note(session, content, taken, real=pipeline.note_progress):
    real(session, content, taken)
    if inside and taken == 50:
        kill()

pipeline.note_progress = note
with open_store(sys.argv[1]) as store:
    pipeline.import_file(Path(sys.argv[2]), store, progress=lambda done, _: done == 40 and not inside and kill())
"""
    database = tmp_path / "killed.db"
    run = [sys.executable, "-c", program, str(database), str(many)]
    killed = subprocess.run(run, cwd=repository, env=os.environ | {"PYTHONPATH": str(repository)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    with open_store(str(database)) as store, pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.pipeline.BATCH", 10)
        assert import_file(many, store).resumed_at == 40
        with open_store(str(tmp_path / "whole.db")) as whole:
            import_file(many, whole)
    assert dump(database) == dump(tmp_path / "whole.db")


@pytest.mark.usefixtures("small_batches")
def test_the_same_content_under_another_name_is_the_same_import(store: Store, many: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int | None) -> None:
        if done == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(many, store, progress=stop)
    moved = many.rename(tmp_path / "moved.jsonl")
    assert import_file(moved, store).resumed_at == 30


def test_a_damaged_file_gives_what_it_has(store: Store, many: Path, tmp_path: Path) -> None:
    packed = gzip.compress(many.read_bytes())
    file = tmp_path / "cut.jsonl.gz"
    file.write_bytes(packed[: len(packed) // 2])
    report = import_file(file, store)
    assert 0 < report.added < 90
    assert "damaged" in report.skipped[-1].reason
    with store.read() as session:
        assert count_papers(session) == report.added


@pytest.mark.parametrize(
    ("content", "error"), [(b"", MalformedDataError), (b"%PDF", InvalidQueryError), (None, NotFoundError)]
)
def test_a_file_that_cannot_be_read_leaves_no_trace(
    store: Store, tmp_path: Path, content: bytes | None, error: type[Exception]
) -> None:
    before = dump(tmp_path / "library.db")
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    with pytest.raises(error):
        import_file(tmp_path / "file", store)
    assert dump(tmp_path / "library.db") == before


def test_papers_are_added_by_identifier(store: Store, server: ReplayServer, make_settings: Make) -> None:
    told: list[tuple[int, int | None]] = []
    asked = [parse_id(text) for text in ("1706.03762", "0808.05394", "quant-ph/0201082", "P18-1031")]
    report = add_papers(asked, store, make_settings(), progress=lambda done, total: told.append((done, total)))
    assert (report.read, report.added, [one.place for one in report.skipped]) == (2, 2, [2, 4])
    assert told == [(4, 4)]
    with store.read() as session:
        assert get_paper(session, "arxiv:1706.03762").authors[1] == "Noam Shazeer"
    assert add_papers(asked, store, make_settings()).unchanged == 2


def test_adding_links_what_was_open(store: Store, server: ReplayServer, make_settings: Make, tmp_path: Path) -> None:
    cited = {"paperId": None, "externalIds": {"ArXiv": "1706.03762"}, "title": "Attention is All you Need"}
    file = tmp_path / "one.json"
    file.write_text(json.dumps({"paperId": "1" * 40, "title": "A later paper", "references": [cited]}))
    assert import_file(file, store).left_open == 1
    assert add_papers([parse_id("1706.03762")], store, make_settings()).linked == 1
    with store.read() as session:
        assert [(one.citing, one.cited) for one in list_citations(session)] == [
            (f"s2:{'1' * 40}", "arxiv:1706.03762")
        ]


def test_papers_are_added_by_query(store: Store, server: ReplayServer, make_settings: Make) -> None:
    server.load_feed(write_entry("2001.00001v1", " "))
    report = add_query("all:attention", 10, store, make_settings())
    assert (report.read, report.added, [one.place for one in report.skipped]) == (3, 3, [4])
    with store.read() as session:
        assert count_papers(session) == 3


def test_pages_fetched_before_a_failure_stay(store: Store, server: ReplayServer, make_settings: Make) -> None:
    known = [f"2001.{number:05d}" for number in range(1, 151)]
    server.load_feed("".join(write_entry(f"{one}v1", f"Paper {one}") for one in known))
    server.reply_next(Reply(right=True), Reply(500))
    asked = [*[parse_id(one) for one in known], parse_id("0808.05394")]
    with pytest.raises(UnavailableError):
        add_papers(asked, store, make_settings(attempts=1))
    with store.read() as session:
        assert count_papers(session) == 100
    report = add_papers(asked, store, make_settings())
    assert (report.added, report.unchanged, [one.place for one in report.skipped]) == (50, 100, [151])


def test_the_corpus_is_imported(store: Store, shared: Path) -> None:
    report = import_file(shared / "corpora" / "lm-architectures" / "s2-papers.jsonl.gz", store)
    assert report.read == report.added + report.for_review == 4573
    # Three papers are there twice: once by arXiv's number, once by its DOI, under two numbers of Semantic Scholar.
    assert report.for_review == 3
    assert report.linked + report.left_open > 220_000
    with store.read() as session:
        assert count_papers(session) == report.added
