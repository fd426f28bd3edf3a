"""Citations: what is linked depends on what is here, never on the order in which it came."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.records import Citation, OpenCitation, PaperRecord
from kb.store import Store, open_store
from kb.store.citations import count_citations, list_citations, list_citations_of, list_open, note_forward
from kb.store.health import list_ledger
from kb.store.identity import find_paper_ids
from kb.store.saving import Saved, save_records
from tests.factories import make_record, s2_key

ONE, TWO, THREE = s2_key(1), s2_key(2), s2_key(3)


def save(store: Store, *records: PaperRecord) -> Saved:
    with store.write() as session:
        return save_records(session, records)


def links(store: Store) -> set[tuple[str, str]]:
    with store.read() as session:
        return {(one.citing, one.cited) for one in list_citations(session)}


def waiting(store: Store, key: str) -> list[OpenCitation]:
    with store.read() as session:
        return list_open(session, find_paper_ids(session, [key])[key])


def test_a_citation_within_a_batch_is_linked_at_once(store: Store) -> None:
    saved = save(store, make_record(ONE, cites=(TWO, THREE)), make_record(TWO))
    assert (saved.linked, saved.left_open) == (1, 1)
    assert links(store) == {(ONE, TWO)}
    assert waiting(store, ONE) == [OpenCitation(THREE, f"Cited {THREE}")]


def test_an_open_citation_is_linked_when_the_paper_arrives(store: Store) -> None:
    save(store, make_record(ONE, cites=(TWO,)))
    saved = save(store, make_record(TWO))
    assert saved.linked == 1
    assert links(store) == {(ONE, TWO)}
    assert waiting(store, ONE) == []


def test_an_open_citation_is_linked_by_any_identifier_that_arrives_later(store: Store) -> None:
    save(store, make_record(ONE, cites=("arxiv:1706.03762",)), make_record(TWO))
    assert links(store) == set()
    save(store, make_record(TWO, ids={"arxiv": "1706.03762"}))
    assert links(store) == {(ONE, "arxiv:1706.03762")}


def test_a_work_listed_twice_counts_once(store: Store) -> None:
    untitled = OpenCitation(None, "A report")
    saved = save(store, make_record(ONE, cites=(TWO, THREE, TWO, untitled, untitled, THREE)), make_record(TWO))
    assert (saved.linked, saved.left_open) == (1, 2)
    assert waiting(store, ONE) == [OpenCitation(THREE, f"Cited {THREE}"), untitled]


def test_two_names_of_one_paper_are_one_link(store: Store) -> None:
    save(store, make_record("arxiv:1706.03762", ids={"s2": TWO.removeprefix("s2:")}))
    save(store, make_record(ONE, cites=(TWO, "arxiv:1706.03762")))
    assert links(store) == {(ONE, "arxiv:1706.03762")}
    assert waiting(store, ONE) == []


def test_cycles_and_self_citations_are_kept_as_the_records_say(store: Store) -> None:
    save(
        store, make_record(ONE, cites=(TWO, ONE)), make_record(TWO, cites=(THREE,)), make_record(THREE, cites=(ONE,))
    )
    assert links(store) == {(ONE, ONE), (ONE, TWO), (TWO, THREE), (THREE, ONE)}


def test_a_changed_list_replaces_the_old_one_of_the_same_origin(store: Store) -> None:
    save(store, make_record(ONE, cites=(TWO, THREE)), make_record(TWO, cites=(ONE,)), make_record(THREE))
    save(store, make_record(ONE, cites=(THREE, s2_key(9))))
    assert links(store) == {(ONE, THREE), (TWO, ONE)}
    assert [one.key for one in waiting(store, ONE)] == [s2_key(9)]


def test_another_origin_says_something_of_its_own(store: Store) -> None:
    save(store, make_record(ONE, cites=(TWO,)), make_record(TWO), make_record(THREE))
    save(store, make_record(ONE, origin="openalex", cites=(TWO, THREE)))
    save(store, make_record(ONE, origin="s2", cites=()))
    with store.read() as session:
        assert list_citations(session) == [Citation(ONE, TWO, ("openalex",)), Citation(ONE, THREE, ("openalex",))]
    save(store, make_record(ONE, origin="s2", cites=(TWO,)))
    with store.read() as session:
        assert list_citations(session)[0] == Citation(ONE, TWO, ("openalex", "s2"))
        assert count_citations(session) == (2, 0)


def test_titles_alone_stay_open(store: Store) -> None:
    save(store, make_record(ONE, cites=(OpenCitation(None, "Paper 2"),)), make_record(TWO, title="Paper 2"))
    assert links(store) == set()
    assert waiting(store, ONE) == [OpenCitation(None, "Paper 2")]
    with store.read() as session:
        (entry,) = list_ledger(session, find_paper_ids(session, [ONE])[ONE])
        assert (entry.origin, entry.cites_given, entry.cites_untitled) == ("s2", 1, 1)


def test_both_directions_of_one_paper(store: Store) -> None:
    save(store, make_record(ONE, cites=(TWO,)), make_record(TWO, cites=(THREE,)), make_record(THREE))
    with store.write() as session:
        numbers = find_paper_ids(session, [ONE, TWO])
        note_forward(session, numbers[ONE], numbers[TWO], "a preprint was known")
        cites, cited_by = list_citations_of(session, numbers[TWO])
    assert cites == [Citation(TWO, THREE, ("s2",))]
    assert cited_by == [Citation(ONE, TWO, ("s2",), "a preprint was known")]


def test_more_keys_than_a_statement_takes(store: Store) -> None:
    many = tuple(s2_key(number) for number in range(100, 5_100))
    assert save(store, make_record(ONE, cites=many)).left_open == 5_000
    assert save(store, *[make_record(key) for key in many]).linked == 5_000
    with store.read() as session:
        assert count_citations(session) == (5_000, 0)


@st.composite
def arrivals(draw: st.DrawFn) -> list[list[PaperRecord]]:
    """Up to seven papers with one or two identifiers, citing each other and unknown works, in batches at random."""
    count = draw(st.integers(1, 7))
    named_twice = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    keys = [s2_key(i) for i in range(count)]
    names = [*keys, *(f"arxiv:2001.{i:05d}" for i in range(count)), s2_key(98), s2_key(99)]
    records = [
        make_record(
            keys[i],
            ids={"arxiv": f"2001.{i:05d}"} if named_twice[i] else {},
            cites=tuple(draw(st.lists(st.sampled_from(names), max_size=6))),
        )
        for i in range(count)
    ]
    order = draw(st.permutations(records))
    cuts = sorted(draw(st.lists(st.integers(0, count), max_size=3)))
    return [order[a:b] for a, b in zip([0, *cuts], [*cuts, count], strict=True)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=arrivals())
def test_links_are_those_of_brute_force_whatever_the_order(
    blank: Path, batches: Sequence[Sequence[PaperRecord]]
) -> None:
    records = [record for batch in batches for record in batch]
    owners = {f"{scheme}:{value}": one.paper.key for one in records for scheme, value in one.paper.ids.items()}
    linked = {(one.paper.key, owners[c.key]) for one in records for c in one.cites if c.key in owners}
    left = {(one.paper.key, c.key) for one in records for c in one.cites if c.key not in owners}
    with tempfile.TemporaryDirectory() as folder, open_store(shutil.copy(blank, folder)) as store:
        for batch in batches:
            save(store, *batch)
        with store.read() as session:
            numbers = find_paper_ids(session, owners)
            keys = {numbers[one.paper.key]: one.paper.key for one in records}
            found = {(keys[numbers[one.citing]], keys[numbers[one.cited]]) for one in list_citations(session)}
            still = {(key, one.key) for number, key in keys.items() for one in list_open(session, number)}
    assert found == linked
    assert still == left
