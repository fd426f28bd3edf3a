"""Every text gets its vector, in short transactions."""

import pytest

from kb.records import Document
from kb.search.embed import Embedder
from kb.search.pending import embed_pending
from kb.store import Store, vectors
from kb.store.documents import Owner, save_documents


def waiting(store: Store, embedder: Embedder) -> int:
    with store.read() as session:
        return vectors.count_unembedded(session, embedder.name, embedder.revision)


def add(store: Store, *documents: Document) -> None:
    with store.write() as session:
        save_documents(session, [(document, Owner()) for document in documents])


def test_all_are_embedded_once(bare: Store, embedder: Embedder) -> None:
    assert embed_pending(bare, embedder) == 11
    assert waiting(bare, embedder) == 0
    assert embed_pending(bare, embedder) == 0


def test_a_changed_text_is_embedded_again_and_no_other(bare: Store, embedder: Embedder) -> None:
    embed_pending(bare, embedder)
    add(bare, Document("key:glacier", "paper", "Ice in winter", "It grows."))
    assert waiting(bare, embedder) == 1
    assert embed_pending(bare, embedder) == 1


def test_progress_counts_to_the_end(bare: Store, embedder: Embedder) -> None:
    add(bare, *(Document(f"key:n{i}", "paper", f"Number {i}", "") for i in range(150)))
    seen: list[tuple[int, int]] = []
    embed_pending(bare, embedder, lambda what, done, total: seen.append((done, total)))
    assert seen == [(64, 161), (128, 161), (161, 161)]


def test_what_was_done_before_an_interruption_is_kept(bare: Store, embedder: Embedder) -> None:
    add(bare, *(Document(f"key:n{i}", "paper", f"Number {i}", "") for i in range(150)))

    def interrupt(what: str, done: int, total: int) -> None:
        if done >= 128:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_pending(bare, embedder, interrupt)
    assert waiting(bare, embedder) == 161 - 128
    assert embed_pending(bare, embedder) == 33


def test_chinese_paragraphs_are_not_part_of_the_vector(bare: Store, embedder: Embedder) -> None:
    add(bare, Document("key:a", "paper", "Memory", "It forgets."))
    add(bare, Document("key:b", "paper", "Memory", "It forgets.\n它会遗忘。"))
    embed_pending(bare, embedder)
    with bare.read() as session:
        rows = vectors.load_vectors(session, embedder.name, embedder.revision, 0)
    a, b = (rows.matrix[rows.keys.index(key)] for key in ("key:a", "key:b"))
    assert (a == b).all()
