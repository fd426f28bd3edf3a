"""What comes in: from the shipped files, from a local file, from a server that answers as arXiv does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Stemma
from tests.ingest.replay import ReplayServer, write_entry

RECORDED = Path(__file__).parent.parent / "ingest" / "recorded"


@pytest.fixture
def arxiv(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReplayServer]:
    with ReplayServer() as server:
        server.load_feed((RECORDED / "arxiv-lookup.xml").read_text("utf-8"))
        server.load_feed(write_entry("2501.00001v1", "A Made-up Paper on Perpetual Attention"))
        monkeypatch.setenv("STEMMA_ARXIV_URL", server.url)
        monkeypatch.setenv("STEMMA_ARXIV_DELAY_S", "0.01")
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    cited = {"paperId": "2" * 40, "externalIds": {"ArXiv": "1706.03762"}, "title": "Attention is All you Need"}
    paper = {"paperId": "1" * 40, "title": "Quokkas and attention", "year": 2024, "references": [cited]}
    path = tmp_path / "papers.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in (paper, {"paperId": "3" * 40, "title": None})))
    return path


def test_building_again_changes_nothing(stemma: Stemma, own_db: Path) -> None:
    outcome = stemma("build", db=own_db)
    assert outcome.code == 0
    assert "; 0 texts embedded" in outcome.out
    assert outcome.complaints[0] == "reading the catalogue"


def test_a_first_command_builds_the_library_and_its_json_stays_pure(stemma: Stemma, tmp_path: Path) -> None:
    outcome = stemma("search", "attention", "--limit", "1", "--json", db=tmp_path / "new" / "library.db")
    assert len(outcome.document["hits"]) == 1
    assert outcome.complaints[:2] == ["reading the catalogue", "writing the library"]
    assert outcome.complaints[-1].startswith("embedding: ")


def test_papers_are_fetched_linked_and_found(stemma: Stemma, own_db: Path, arxiv: ReplayServer) -> None:
    outcome = stemma("add", "2501.00001", "https://arxiv.org/abs/1706.03762", db=own_db)
    assert outcome.code == 0, outcome
    assert "arXiv: 1 added, 1 updated" in outcome.out
    assert outcome.complaints[0] == "fetching: 2 of 2"
    found = stemma("search", "perpetual attention", "--json", "--limit", "1", db=own_db).document["hits"]
    assert (found[0]["key"], found[0]["reasons"]["dense_rank"]) == ("arxiv:2501.00001", 1)


def test_a_paper_that_arxiv_lacks_is_a_failure_after_the_others_are_in(
    stemma: Stemma, own_db: Path, arxiv: ReplayServer
) -> None:
    outcome = stemma("add", "2501.00001", "2501.99999", "--no-embed", db=own_db)
    assert (outcome.code, outcome.complaints[-1]) == (
        1,
        "stemma: 1 of 2 not added: arXiv has no paper 2501.99999; check the identifier",
    )
    assert stemma("show", "2501.00001", db=own_db).code == 0


def test_papers_are_added_by_a_query(stemma: Stemma, own_db: Path, arxiv: ReplayServer) -> None:
    outcome = stemma("add", "--query", "ti:perpetual", "--max", "9", "--no-embed", db=own_db)
    assert outcome.code == 0, outcome
    assert stemma("show", "2501.00001", db=own_db).out.startswith("A Made-up Paper")
    assert arxiv.seen[-1].query["search_query"] == "ti:perpetual"
    health = stemma("doctor", db=own_db).out
    assert "no vector yet: 'stemma build' makes them" in health


def test_a_server_that_is_away_is_said_in_one_line(
    stemma: Stemma, own_db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEMMA_ARXIV_URL", "http://127.0.0.1:9/api/query")
    monkeypatch.setenv("STEMMA_ATTEMPTS", "1")
    outcome = stemma("add", "2501.00001", db=own_db)
    assert (outcome.code, outcome.out) == (1, "")
    assert len([line for line in outcome.complaints if line.startswith("stemma: ")]) == 1
    assert "Traceback" not in outcome.err


def test_a_file_is_imported_linked_and_found(stemma: Stemma, own_db: Path, file: Path) -> None:
    outcome = stemma("import", file, db=own_db)
    assert outcome.code == 0, outcome
    assert "papers.jsonl: 1 added, 0 updated, 0 unchanged; 1 citation linked, 0 left open" in outcome.out
    assert "skipped 2: " in outcome.out
    assert "1 text embedded" in outcome.out
    assert stemma("search", "quokkas", "--json", db=own_db).document["hits"][0]["title"] == "Quokkas and attention"
    again = stemma("import", file, db=own_db)
    assert "0 added, 0 updated, 1 unchanged" in again.out


def test_one_bad_file_does_not_keep_the_others_out(stemma: Stemma, own_db: Path, file: Path, tmp_path: Path) -> None:
    outcome = stemma("import", tmp_path / "missing.json", file, "--no-embed", db=own_db)
    assert outcome.code == 1
    assert "1 added" in outcome.out
    assert outcome.complaints[-1].startswith("stemma: no such file")


def test_a_title_cannot_steer_the_terminal(stemma: Stemma, own_db: Path, tmp_path: Path) -> None:
    path = tmp_path / "sly.json"
    path.write_text(json.dumps({"paperId": "4" * 40, "title": "Red \x1b[31malert\x07 \x9b2J now", "year": 2020}))
    assert stemma("import", path, "--no-embed", db=own_db).code == 0
    for words in (["show", f"s2:{'4' * 40}"], ["search", "alert"], ["lineage", f"s2:{'4' * 40}"]):
        assert not {"\x1b", "\x07", "\x9b"} & set(stemma(*words, db=own_db).out)
