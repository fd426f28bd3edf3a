"""Vectors: bound to the text they were made from, read from a watermark on, never mixed."""

import numpy as np
import pytest

from kb.store import Session, Store
from kb.store.documents import delete_documents
from kb.store.lookup import get_documents
from kb.store.saving import save_records
from kb.store.tables import DocumentRow
from kb.store.vectors import count_unembedded, list_unembedded, load_vectors, save_vectors
from tests.factories import make_record, s2_key

KEYS = tuple(s2_key(number) for number in range(4))
MODEL = ("model", "1")


@pytest.fixture
def filled(store: Store) -> Store:
    with store.write() as session:
        save_records(session, [make_record(key, title=f"Title {key[-1]}") for key in KEYS])
    return store


def embed(session: Session, keys: tuple[str, ...], *, model: tuple[str, str] = MODEL, value: float = 1.0) -> None:
    hashes = {one.key: one.text_hash for one in list_unembedded(session, *model, 100)}
    row = np.full(3, value, np.float16).tobytes()
    save_vectors(session, *model, [(key, hashes.get(key, "stale"), row) for key in keys])


def test_texts_wait_until_they_are_embedded(filled: Store) -> None:
    with filled.write() as session:
        assert [one.key for one in list_unembedded(session, *MODEL, 3)] == list(KEYS[:3])
        assert count_unembedded(session, *MODEL) == 4
        embed(session, KEYS[:3])
        assert [one.key for one in list_unembedded(session, *MODEL, 100)] == [KEYS[3]]
        assert count_unembedded(session, *MODEL) == 1


def test_the_listed_text_is_the_one_that_is_hashed(filled: Store) -> None:
    with filled.read() as session:
        rows = {row.key: row.text_hash for row in session.query(DocumentRow)}
        assert {one.key: one.text_hash for one in list_unembedded(session, *MODEL, 100)} == rows


def test_the_watermark_gives_only_what_is_new(filled: Store) -> None:
    with filled.write() as session:
        assert load_vectors(session, *MODEL).keys == ()
        embed(session, KEYS[:2])
        first = load_vectors(session, *MODEL)
        assert (first.keys, first.count, first.matrix.shape, first.matrix.dtype) == (KEYS[:2], 2, (2, 3), np.float16)
        embed(session, KEYS[2:], value=2.0)
        second = load_vectors(session, *MODEL, after=first.watermark)
        assert (second.keys, second.count) == (KEYS[2:], 4)
        assert second.watermark > first.watermark
        assert np.array_equal(second.matrix, np.full((2, 3), 2.0, np.float16))
        last = load_vectors(session, *MODEL, after=second.watermark)
        assert (last.keys, last.watermark, last.count) == ((), second.watermark, 4)


def test_a_replaced_vector_is_new_and_the_old_one_gone(filled: Store) -> None:
    with filled.write() as session:
        embed(session, KEYS)
        before = load_vectors(session, *MODEL)
        embed(session, KEYS[1:2], value=5.0)
        after = load_vectors(session, *MODEL, after=before.watermark)
        assert (after.keys, after.count, float(after.matrix[0, 0])) == (KEYS[1:2], 4, 5.0)
        assert sorted(load_vectors(session, *MODEL).keys) == sorted(KEYS)


def test_a_number_is_never_used_again(filled: Store) -> None:
    with filled.write() as session:
        embed(session, KEYS)
        before = load_vectors(session, *MODEL)
        delete_documents(session, KEYS[3:])
        embed(session, KEYS[:1])
        after = load_vectors(session, *MODEL, after=before.watermark)
        assert (after.keys, after.count) == (KEYS[:1], 3)


def test_a_changed_text_waits_again_and_an_unchanged_one_does_not(filled: Store) -> None:
    with filled.write() as session:
        embed(session, KEYS)
        save_records(
            session, [make_record(KEYS[0], title="Otherwise"), make_record(KEYS[1], title="Title 1", year=1999)]
        )
        assert [one.key for one in list_unembedded(session, *MODEL, 100)] == [KEYS[0]]


def test_a_model_and_a_revision_never_mix(filled: Store) -> None:
    with filled.write() as session:
        embed(session, KEYS)
        embed(session, KEYS[:1], model=("model", "2"), value=2.0)
        embed(session, KEYS[:2], model=("other", "1"), value=3.0)
        for model, keys, value in (
            (MODEL, KEYS, 1.0),
            (("model", "2"), KEYS[:1], 2.0),
            (("other", "1"), KEYS[:2], 3.0),
        ):
            rows = load_vectors(session, *model)
            assert (rows.keys, rows.count, set(rows.matrix.ravel().tolist())) == (keys, len(keys), {value})
        assert count_unembedded(session, "model", "2") == 3


def test_a_text_that_has_gone_is_passed_over(filled: Store) -> None:
    with filled.write() as session:
        embed(session, (KEYS[0], s2_key(77)))
        assert load_vectors(session, *MODEL).keys == KEYS[:1]
        assert get_documents(session, [s2_key(77)]) == {}
