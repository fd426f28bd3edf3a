"""Give every text its vector: what is missing or stale, in short transactions, so that stopping loses little."""

from collections.abc import Callable

import numpy as np

from kb.errors import StoreError
from kb.search.embed import Embedder
from kb.store import Store, vectors

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""

_LISTED = 512
_COMMITTED = 64
"""Under a second of work: nobody else who writes waits longer, and no more is lost by a power cut."""


def embed_pending(store: Store, embedder: Embedder, progress: Progress | None = None) -> int:
    """Embed the texts that have no vector of this model, or one made from an older text; return how many.

    Raises
    ------
    StoreError : the database does not take the vectors
    """
    name, revision = embedder.name, embedder.revision
    with store.read() as session:
        total = vectors.count_unembedded(session, name, revision)
    done, before = 0, set[tuple[str, str]]()
    while True:
        with store.read() as session:
            documents = vectors.list_unembedded(session, name, revision, _LISTED)
        if not documents:
            return done
        waiting = {(document.key, document.text_hash) for document in documents}
        if waiting <= before:
            raise StoreError(f"{store.name}: vectors were written but are not found again; run 'stemma doctor'")
        before = waiting
        for start in range(0, len(documents), _COMMITTED):
            part = documents[start : start + _COMMITTED]
            rows = embedder.encode([document.embedded for document in part]).astype(np.float16)
            saved = [(one.key, one.text_hash, row.tobytes()) for one, row in zip(part, rows, strict=True)]
            with store.write() as session:
                vectors.save_vectors(session, name, revision, saved)
            done += len(part)
            if progress:
                progress("embedding", done, max(done, total))
