"""Building from the catalogue: idempotent, true to the files, and careful with what is the user's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kb.records import (
    Catalogue,
    Citation,
    Concept,
    Divergence,
    Document,
    Evidence,
    LineageEdge,
    Paper,
    Position,
    SearchFilter,
    Term,
    Verdict,
)
from kb.store import Store
from kb.store.building import build_library, is_built_from
from kb.store.citations import list_citations, list_open
from kb.store.concepts import get_concept, list_concepts, list_edges, list_glossary, list_papers_of
from kb.store.divergences import list_divergences
from kb.store.health import count_rows, find_problems
from kb.store.identity import find_paper_ids, list_reviews
from kb.store.lookup import allowed_keys, find_by_name, get_documents, has_code, match_lexical
from kb.store.papers import find_paper, get_paper, list_papers
from kb.store.saving import save_records
from kb.store.snippets import list_snippets, save_snippet
from kb.store.splitting import fts_query
from kb.store.vectors import load_vectors, save_vectors
from kb.store.verdicts import list_verdicts, save_verdict
from kb.store.versions import read_version
from kb.store.views import get_paper_view
from tests.dumps import Dump, dump_library
from tests.factories import make_paper, make_record, s2_key

OLD, NEW = "arxiv:1409.0473", "arxiv:1706.03762"
CODE = [Document("code:new-idea", "code", "New idea runs", "def new_idea(): ...", names=("new_idea",))]


def shipped_paper(key: str, **fields: Any) -> Paper:
    return make_paper(
        key, **({"origin": "catalogue", "shipped": True, "family": "attention", "authors": ("A",)} | fields)
    )


OLD_PAPER = shipped_paper(OLD, title="Old paper", year=2014, introduces=("old-idea",), summary="Aardvark")
NEW_PAPER = shipped_paper(
    NEW,
    title="New paper",
    year=2017,
    introduces=("new-idea",),
    uses=("old-idea",),
    venue="Here",
    summary="Bison",
    known_as=("NP-1",),
)
OLD_IDEA = Concept(
    "old-idea", "Old idea", "attention", "Crocodile", aliases=("OI",), introduced_by=OLD, introduced=2014
)
NEW_IDEA = Concept("new-idea", "New idea", "attention", "Dolphin", introduced_by=NEW, introduced=2017)
EDGE = LineageEdge(
    "old-idea",
    "new-idea",
    "extends",
    (Evidence(NEW, "Section 3"),),
    "A note",
    ("a-claim",),
    (Position("One", "It is new.", NEW, "Abstract"), Position("Another", "It is old.", OLD, "Section 2")),
)
DIVERGENCE = Divergence(
    "two-sizes", NEW, "Two sizes", "One.", "Table 1", "Two.", code="Two.", code_at="model.py", concepts=("new-idea",)
)
SMALL = Catalogue(
    papers=(OLD_PAPER, NEW_PAPER),
    citations=(Citation(NEW, OLD),),
    concepts=(OLD_IDEA, NEW_IDEA),
    edges=(EDGE,),
    divergences=(DIVERGENCE,),
    glossary=(Term("attention", ("注意力",)),),
    fingerprint="small",
)


def build(store: Store, catalogue: Catalogue = SMALL, code: list[Document] | None = None) -> None:
    build_library(store, catalogue, CODE if code is None else code, catalogue.fingerprint)


def dump(file: Path) -> Dump:
    """All but the number that says how often something was written."""
    found = dump_library(file)
    found["facts"] = [row for row in found["facts"] if row[0] != "version"]
    return found


def find(store: Store, word: str) -> list[str]:
    with store.read() as session:
        return [one.key for one in match_lexical(session, fts_query([word], "and"), SearchFilter(), 10)]


def test_the_library_is_what_the_catalogue_says(store: Store) -> None:
    build(store)
    with store.read() as session:
        assert tuple(list_papers(session, shipped=True)) == (OLD_PAPER, NEW_PAPER)
        assert tuple(list_concepts(session)) == (OLD_IDEA, NEW_IDEA)
        assert tuple(list_edges(session)) == (EDGE,)
        assert tuple(list_divergences(session)) == (DIVERGENCE,)
        assert get_paper_view(session, NEW).divergences == (DIVERGENCE,)
        assert list_divergences(session, concept="old-idea") == []
        assert tuple(list_glossary(session)) == SMALL.glossary
        assert tuple(list_citations(session)) == SMALL.citations
        assert list_papers_of(session, "old-idea") == [(OLD, "introduces"), (NEW, "uses")]
        assert get_concept(session, "oi").slug == get_concept(session, "OLD idea").slug == "old-idea"
        assert has_code(session, "new-idea")
        assert not has_code(session, "old-idea")
        assert is_built_from(session, "small")
        assert not is_built_from(session, "other")
        assert find_problems(session) == []


def test_filters_know_concepts_and_code(store: Store) -> None:
    build(store)
    with store.read() as session:
        assert allowed_keys(session, SearchFilter(concept="old-idea")) == {OLD, NEW, "concept:old-idea"}
        assert allowed_keys(session, SearchFilter(has_code=True)) == {NEW, "concept:new-idea", "code:new-idea"}
        assert allowed_keys(session, SearchFilter(kinds=("concept",), year_to=2014)) == {"concept:old-idea"}
        assert find_by_name(session, "new idea") == ["code:new-idea", "concept:new-idea"]
        assert find_by_name(session, "np 1") == [NEW]


def test_the_shipped_catalogue_is_built_whole_and_twice_the_same(
    store: Store, file: Path, shipped: Catalogue
) -> None:
    build(store, shipped, [])
    first = dump(file)
    with store.read() as session:
        assert {paper.key: paper for paper in list_papers(session)} == {
            paper.key: replace(paper, introduces=tuple(sorted(paper.introduces)), uses=tuple(sorted(paper.uses)))
            for paper in shipped.papers
        }
        assert {(one.citing, one.cited, one.note) for one in list_citations(session)} == {
            (one.citing, one.cited, one.note) for one in shipped.citations
        }
        assert sorted(list_edges(session), key=repr) == sorted(shipped.edges, key=repr)
        assert {one.slug: one for one in list_concepts(session)} == {one.slug: one for one in shipped.concepts}
        assert count_rows(session)["citations open"] == 0
        assert find_problems(session) == []
    build(store, shipped, [])
    assert dump(file) == first


def test_building_twice_changes_nothing(store: Store, file: Path) -> None:
    build(store)
    first = dump(file)
    build(store)
    assert dump(file) == first


def test_building_over_another_state_gives_what_a_fresh_build_gives(store: Store, file: Path, tmp_path: Path) -> None:
    from kb.store import open_store

    other = Catalogue(
        papers=(
            replace(
                OLD_PAPER,
                title="Older",
                summary_zh="旧的",
                venue="There",
                title_zh="旧",
                uses=("third",),
                url="https://x.org",
            ),
            shipped_paper(s2_key(3), title="Third", year=2010, introduces=("third",)),
        ),
        citations=(Citation(OLD, s2_key(3)),),
        concepts=(
            replace(
                OLD_IDEA,
                name="Oldest",
                aliases=("X", "Y"),
                equation="e",
                name_zh="旧",
                ambiguous=("X",),
                context=("y",),
            ),
            Concept("third", "Third idea", "attention", "Elephant", introduced_by=s2_key(3), introduced=2010),
        ),
        edges=(LineageEdge("third", "old-idea", "fixes", (Evidence(OLD, "Abstract"), Evidence(s2_key(3), "Title"))),),
        divergences=(replace(DIVERGENCE, slug="other", paper=OLD, concepts=("third",)),),
        glossary=(Term("layer", ("层",)),),
        fingerprint="other",
    )
    build(store, other, [Document("code:third", "code", "Third runs", "elephantine")])
    build(store)
    with open_store(str(tmp_path / "fresh.db")) as fresh:
        build(fresh)
    mine, its = dump(file), dump(tmp_path / "fresh.db")
    assert {name: rows for name, rows in mine.items() if rows != its[name]} == {}
    for word in ("elephant", "elephantine", "oldest", "旧的"):
        assert find(store, word) == [], word


def test_a_renamed_concept_leaves_nothing_behind(store: Store) -> None:
    build(store)
    renamed = replace(OLD_IDEA, slug="ancient-idea", name="Ancient idea", aliases=())
    papers = (replace(OLD_PAPER, introduces=("ancient-idea",)), replace(NEW_PAPER, uses=()))
    build(
        store,
        replace(SMALL, papers=papers, concepts=(renamed, NEW_IDEA), edges=(replace(EDGE, ancestor="ancient-idea"),)),
    )
    with store.read() as session:
        assert [one.slug for one in list_concepts(session)] == ["ancient-idea", "new-idea"]
        assert find_by_name(session, "old idea") == find_by_name(session, "OI") == []
        assert get_documents(session, ["concept:old-idea"]) == {}
        assert list_papers_of(session, "old-idea") == []
        assert find_problems(session) == []
    assert find(store, "crocodile") == ["concept:ancient-idea"]


def test_a_concept_with_code_that_goes_takes_its_words_along(store: Store) -> None:
    build(store)
    papers = (OLD_PAPER, replace(NEW_PAPER, introduces=()))
    build(store, replace(SMALL, papers=papers, concepts=(OLD_IDEA,), edges=()), [])
    assert find(store, "dolphin") == find(store, "runs") == []
    with store.read() as session:
        assert find_problems(session) == []


def test_a_changed_edge_is_changed(store: Store) -> None:
    build(store)
    changed = replace(
        EDGE, kind="generalises", note="", claims=(), evidence=(Evidence(OLD, "Title"), Evidence(NEW, "1"))
    )
    build(store, replace(SMALL, edges=(changed,)))
    with store.read() as session:
        assert list_edges(session) == [changed]
    build(store, replace(SMALL, edges=()))
    with store.read() as session:
        assert list_edges(session) == []


def test_what_the_catalogue_no_longer_says_is_gone_from_record_and_text(store: Store, file: Path) -> None:
    said = replace(OLD_PAPER, summary_zh="土豚", title_zh="旧论文", venue="There", cites_complete=True)
    build(store, replace(SMALL, papers=(said, NEW_PAPER)))
    assert find(store, "土豚") == [OLD]
    build(store)
    with store.read() as session:
        assert get_paper(session, OLD) == OLD_PAPER
    assert find(store, "土豚") == find(store, "旧论文") == []
    first = dump(file)
    build(store)
    assert dump(file) == first


def test_what_the_user_has_survives(store: Store) -> None:
    build(store)
    with store.write() as session:
        save_records(session, [make_record(s2_key(7), title="Mine", cites=(OLD, s2_key(8)))])
        save_records(session, [make_record(OLD, abstract="Filled in", venue="Filled in too")])
        save_snippet(session, "concept:old-idea", "mine", "print(1)")
        save_verdict(session, Verdict("a-claim", "verified", "verified", 0.0, 1.0, code_hash="one"))
        save_vectors(session, "m", "1", [(s2_key(7), "h", b"\0\0"), ("concept:new-idea", "h", b"\0\0")])
    build(store, replace(SMALL, papers=(replace(OLD_PAPER, title="Renamed"), NEW_PAPER)))
    with store.read() as session:
        assert get_paper(session, s2_key(7)).title == "Mine"
        old = get_paper(session, OLD)
        assert (old.title, old.abstract, old.venue) == ("Renamed", "Filled in", "Filled in too")
        assert {(one.citing, one.cited) for one in list_citations(session)} == {(NEW, OLD), (s2_key(7), OLD)}
        assert [one.name for one in list_snippets(session, "concept:old-idea")] == ["mine"]
        assert [one.claim for one in list_verdicts(session, {})] == ["a-claim"]
        assert set(load_vectors(session, "m", "1").keys) == {s2_key(7), "concept:new-idea"}


def test_a_paper_that_leaves_the_catalogue_goes_and_its_citations_stay_open(store: Store) -> None:
    build(store)
    with store.write() as session:
        save_records(session, [make_record(s2_key(7), cites=(s2_key(8), OLD))])
    build(
        store,
        replace(
            SMALL,
            papers=(replace(NEW_PAPER, uses=()),),
            citations=(),
            concepts=(NEW_IDEA,),
            edges=(),
        ),
    )
    with store.read() as session:
        assert find_paper(session, OLD) is None
        assert find_problems(session) == []
        number = find_paper_ids(session, [s2_key(7)])[s2_key(7)]
        assert [one.key for one in list_open(session, number)] == [s2_key(8), OLD]
    assert find(store, "aardvark") == []
    build(store)
    with store.read() as session:
        assert {(one.citing, one.cited) for one in list_citations(session)} == {(NEW, OLD), (s2_key(7), OLD)}


def test_a_paper_that_leaves_the_catalogue_stays_where_others_know_it(store: Store) -> None:
    record = make_record(NEW, title="As others call it", abstract="Theirs", authors=("B",))
    build(store)
    with store.write() as session:
        save_records(session, [record, replace(record, paper=replace(record.paper, origin="acl", title="ACL's"))])
    build(store, replace(SMALL, papers=(OLD_PAPER,), citations=(), concepts=(OLD_IDEA,), edges=()))
    with store.read() as session:
        paper = get_paper(session, NEW)
        assert (paper.shipped, paper.origin, paper.summary, paper.family) == (False, "s2", "", "")
        assert list_citations(session) == []
        assert find_problems(session) == []
    assert find(store, "bison") == []
    with store.write() as session:
        save_records(session, [record])
        assert get_paper(session, NEW).title == "As others call it"


def test_a_paper_that_was_there_before_becomes_one_of_the_catalogue(store: Store) -> None:
    with store.write() as session:
        save_records(session, [make_record(s2_key(1), ids={"arxiv": "1706.03762"}, title="Theirs", cites=(OLD,))])
    build(store)
    with store.read() as session:
        paper = get_paper(session, NEW)
        assert (paper.title, paper.shipped, paper.origin) == ("New paper", True, "catalogue")
        assert list_citations(session) == [Citation(NEW, OLD, ("catalogue", "s2"))]


def test_a_paper_of_the_catalogue_under_review_does_not_stop_the_building(store: Store) -> None:
    with store.write() as session:
        save_records(session, [make_record("doi:10.1000/user", ids={"s2": "1" * 40}, title="The user's")])
    disputed = replace(NEW_PAPER, ids=dict(NEW_PAPER.ids) | {"s2": "1" * 40, "doi": "10.1000/ours"})
    noted = (Citation(NEW, OLD, note="a reason"),)
    build(store, replace(SMALL, papers=(OLD_PAPER, disputed), citations=noted))
    with store.read() as session:
        assert [(one.existing, one.incoming) for one in list_reviews(session)] == [("doi:10.1000/user", NEW)]
        assert get_paper(session, "doi:10.1000/user").title == "The user's"
        assert find_paper(session, NEW) is None
        assert get_concept(session, "new-idea").introduced_by == ""
        assert [(one.ancestor, one.evidence) for one in list_edges(session)] == [("old-idea", ())]
        assert find_problems(session) == []


def test_a_note_on_a_forward_citation_is_kept(store: Store) -> None:
    forward = Citation(OLD, NEW, note="a draft was known")
    build(store, replace(SMALL, citations=(*SMALL.citations, forward)))
    with store.read() as session:
        assert forward in list_citations(session)


def test_a_build_that_fails_leaves_the_library_as_it_was(store: Store, file: Path) -> None:
    build(store)
    before = dump_library(file)
    broken = replace(SMALL, edges=(replace(EDGE, ancestor="unheard-of"),), papers=(OLD_PAPER,))
    with pytest.raises(KeyError):
        build(store, broken)
    assert dump_library(file) == before


def test_caches_are_told(store: Store) -> None:
    versions = []
    for act in (lambda: None, lambda: build(store), lambda: build(store)):
        act()
        with store.read() as session:
            versions.append(read_version(session))
    assert versions[0] == 0
    assert versions == sorted(set(versions))
