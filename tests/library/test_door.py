"""The Python door: each method on a library that was really built."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb.errors import InvalidIdError, InvalidQueryError, KBError, NotFoundError
from kb.library import Library
from kb.records import ConceptView, MapView, PaperView

ATTENTION, FAST_WEIGHTS = "arxiv:1706.03762", "doi:10.1162/neco.1992.4.1.131"


@pytest.fixture(scope="module")
def shared_library(built: Path) -> Iterator[Library]:
    """A library that is only read."""
    with Library.open(str(built)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("1706.03762", ATTENTION),
        ("https://arxiv.org/abs/1706.03762v5", ATTENTION),
        ("s2:204e3073870fae3d05bcbc2f6a8e263d9b72e776", ATTENTION),
        ("10.1162/NECO.1992.4.1.131", FAST_WEIGHTS),
        ("linear-attention", "concept:linear-attention"),
        ("Linear Attention", "concept:linear-attention"),
        ("线性注意力", "concept:linear-attention"),
        ("concept:linear-attention", "concept:linear-attention"),
        ("code:linear-attention", "code:linear-attention"),
        ("code:linear_attention", "code:linear-attention"),
    ],
)
def test_a_record_is_known_by_every_name(shared_library: Library, name: str, key: str) -> None:
    assert shared_library.resolve(name) == key


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("arxiv:2001.00001", NotFoundError),
        ("concept:unheard-of", NotFoundError),
        ("code:unheard-of", NotFoundError),
        ("unheard-of", KBError),
        ("who knows what this is", KBError),
        ("", KBError),
    ],
)
def test_an_unknown_name_is_told(shared_library: Library, name: str, error: type[KBError]) -> None:
    for ask in (shared_library.resolve, shared_library.show, shared_library.lineage, shared_library.similar):
        with pytest.raises(error):
            ask(name)


def test_a_paper_is_shown_with_its_links(shared_library: Library) -> None:
    view = shared_library.show("1706.03762")
    assert isinstance(view, PaperView)
    assert (view.paper.title, view.paper.year, view.paper.authors[0]) == (
        "Attention Is All You Need",
        2017,
        "Ashish Vaswani",
    )
    assert "arxiv:1409.0473" in {one.key for one in view.cites}
    assert "arxiv:2006.16236" in {one.key for one in view.cited_by}
    assert [one.year for one in view.cites] == sorted(one.year or 0 for one in view.cites)
    assert {"multi-head-attention", "scaled-dot-product-attention"} <= {
        one.key.removeprefix("concept:") for one in view.ideas if one.note == "introduces"
    }
    assert [(one.origin, one.cites_given) for one in view.ledger] == [("catalogue", len(view.cites))]


@pytest.mark.parametrize("name", ["linear attention", "code:linear-attention"])
def test_an_idea_is_shown_with_its_links(shared_library: Library, name: str) -> None:
    view = shared_library.show(name)
    assert isinstance(view, ConceptView)
    assert view.concept.slug == "linear-attention"
    assert view.introduced_by is not None
    assert view.introduced_by.key == view.concept.introduced_by == "arxiv:2006.16236"
    assert "fast-weight-programmer" in {edge.ancestor for edge in view.ancestors}
    assert {edge.ancestor for edge in view.descendants} == {"linear-attention"}
    assert all(view.names[edge.ancestor] and view.names[edge.descendant] for edge in view.ancestors)
    assert view.papers[0].year is not None
    assert view.idea is not None
    assert view.idea.function == "linear_attention"
    assert "linear-attention-is-a-fast-weight-programmer" in [card.id for card, _ in view.claims]
    assert all("linear-attention" in card.between for card, _ in view.claims)


def test_search_finds_by_words_meaning_and_name(shared_library: Library) -> None:
    for query, key in (
        ("linear attention", "concept:linear-attention"),
        ("线性注意力", "concept:linear-attention"),
        ("1992 network that writes into the weights of another network", FAST_WEIGHTS),
    ):
        assert key in [hit.key for hit in shared_library.search(query).hits], query
    with pytest.raises(InvalidQueryError):
        shared_library.search("  ")


@pytest.mark.parametrize("by", ["text", "co-citation", "coupling"])
def test_neighbours(shared_library: Library, by: str) -> None:
    found = shared_library.similar("2006.16236", by, 5)
    assert 1 <= len(found) <= 5
    assert "arxiv:2006.16236" not in {one.key for one in found}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_an_unknown_neighbourhood_is_told(shared_library: Library) -> None:
    with pytest.raises(InvalidQueryError, match="choose text, co-citation or coupling"):
        shared_library.similar("1706.03762", "magic")


def test_the_lineage_of_an_idea_and_of_a_paper(shared_library: Library) -> None:
    ideas = shared_library.lineage("linear-attention", MapView(down=0, limit=None))
    nodes = {node.key: node for node in ideas.nodes}
    assert ideas.focus == "concept:linear-attention"
    assert (nodes["concept:fast-weight-programmer"].generation or 0) < 0
    assert max(node.generation or 0 for node in ideas.nodes) == 0
    papers = shared_library.lineage("1706.03762", MapView(up=1, down=0, limit=None))
    view = shared_library.show("1706.03762")
    assert isinstance(view, PaperView)
    assert {node.key for node in papers.nodes} == {ATTENTION, *(one.key for one in view.cites)}


def test_a_path_names_its_evidence(shared_library: Library) -> None:
    path = shared_library.path("fast weight programmer", "code:linear-attention")
    assert path is not None
    assert (path.keys[0], path.keys[-1]) == ("concept:fast-weight-programmer", "concept:linear-attention")
    assert len(path.hops) == len(path.keys) - 1
    assert all(hop.evidence for hop in path.hops)


def test_maps_of_ideas_and_papers(shared_library: Library) -> None:
    ideas, papers = shared_library.map(MapView(limit=20)), shared_library.map(MapView(limit=20), of="papers")
    assert {point.key.split(":")[0] for point in ideas.points} == {"concept"}
    assert len(ideas.points) == len(papers.points) == 20
    assert not {point.key for point in papers.points} & {point.key for point in ideas.points}
    with pytest.raises(InvalidQueryError, match="choose ideas or papers"):
        shared_library.map(of="songs")


def test_every_idea_has_a_concept_and_is_run_by_any_of_its_names(shared_library: Library) -> None:
    assert {f"concept:{idea.slug}" for idea in shared_library.ideas()} <= {
        concept.key for concept in shared_library.concepts()
    }
    for name in ("linear-attention", "code:linear-attention", "Linear Attention", "线性注意力"):
        assert shared_library.idea(name).slug == "linear-attention"
    with pytest.raises((NotFoundError, InvalidIdError)):
        shared_library.idea("vanishing gradient")


def test_a_work_is_found_by_its_title_and_by_what_readers_call_it(shared_library: Library) -> None:
    assert shared_library.resolve("Attention is all you need") == ATTENTION
    assert shared_library.resolve("gpt 3") == "arxiv:2005.14165"
    for name in ("arxiv:99", "doi:abc"):
        with pytest.raises(InvalidIdError, match="identifier"):
            shared_library.resolve(name)


def test_snippets_are_attached_to_what_a_name_means(library: Library) -> None:
    kept = library.attach("https://arxiv.org/abs/1706.03762", "mine", "print(1)")
    assert kept.key == ATTENTION
    view = library.show("1706.03762")
    assert isinstance(view, PaperView)
    assert list(view.snippets) == library.snippets("s2:204e3073870fae3d05bcbc2f6a8e263d9b72e776") == [kept]
    with pytest.raises(NotFoundError):
        library.attach("arxiv:2001.00001", "mine", "print(1)")


def test_a_run_is_recorded_and_an_edited_source_is_what_ran(library: Library) -> None:
    result = library.run("linear-attention", seed=1)
    assert (result.status, result.message) == ("ok", "")
    assert result.figures
    compared = library.compare(["linear-attention", "fast-weight-programmer"])
    assert compared.status == "ok"
    assert library.run_snippet("file:mine.py", "raise SystemExit(3)").status == "error"
    assert library.doctor().counts["runs"] == 3


def test_claims_are_executed_and_their_verdicts_kept(library: Library) -> None:
    assert library.verdicts() == []
    one = "rwkv-parallel-is-recurrent"
    told: list[tuple[str, int, int]] = []
    (verdict,) = library.verify([one], progress=lambda *what: told.append(what))
    assert (verdict.verdict, verdict.expected) == ("verified", "verified")
    assert told == [(f"executing {one}", 0, 1)]
    assert [(kept.claim, kept.verdict, kept.stale) for kept in library.verdicts()] == [(one, "verified", False)]
    with pytest.raises(NotFoundError):
        library.verify(["unheard-of"])


def test_an_imported_file_is_found_on_every_shelf(library: Library, tmp_path: Path) -> None:
    before = len(library.map(MapView(limit=None), of="papers").points)
    item = {
        "paperId": "9" * 40,
        "title": "Zanzibar networks",
        "year": 2024,
        "references": [{"paperId": "x", "externalIds": {"ArXiv": "1706.03762"}, "title": "Attention"}],
    }
    file = tmp_path / "one.json"
    file.write_text(json.dumps(item))
    report = library.import_file(file)
    assert (report.added, report.linked) == (1, 1)
    key = f"s2:{'9' * 40}"
    assert library.search("zanzibar", mode="lexical").hits[0].key == key
    assert library.embed() == 1
    assert len(library.map(MapView(limit=None), of="papers").points) == before + 1
    view = library.show("1706.03762")
    assert isinstance(view, PaperView)
    assert key in {one.key for one in view.cited_by}


def test_a_report_counts_no_fewer_than_none(library: Library, tmp_path: Path) -> None:
    reports = []
    for number, cited in ((8, 9), (9, None)):
        item = {"paperId": f"{number}" * 40, "title": f"Paper {number}"}
        references = [{"paperId": f"{cited}" * 40, "title": "Paper 9"}] if cited else []
        (tmp_path / f"{number}.json").write_text(json.dumps(item | {"references": references}))
        reports.append(library.import_file(tmp_path / f"{number}.json"))
    assert [(one.linked, one.left_open) for one in reports] == [(0, 1), (1, 0)]


def test_the_doctor_tells_the_state_and_no_key(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMMA_S2_KEY", "very-secret")
    with Library.open(str(own)) as library:
        health = library.doctor()
    assert (health.library, health.problems, health.reviews) == (str(own), (), ())
    assert health.catalogue_is_current
    assert (health.settings["s2_key"], health.settings["openalex_key"]) == ("set", "not set")
    assert "very-secret" not in repr(health)
    assert health.versions["python"].startswith("3.")


def test_many_threads_may_ask_at_once(shared_library: Library) -> None:
    def ask(_: int) -> int:
        shared_library.search("attention", mode="lexical")
        shared_library.show("linear-attention")
        return len(shared_library.map(MapView(limit=10)).points)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {10}
