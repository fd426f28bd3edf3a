"""Open a library, and build it from ``data/`` where it is new or older than the files."""

import hashlib
from collections.abc import Callable

from kb.records import Document
from kb.reference.registry import list_ideas
from kb.search.query import Searcher
from kb.settings import Settings
from kb.store import Store
from kb.store.building import build_library, is_built_from
from kb.store.catalogue import fingerprint_of, load_catalogue

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""


def fingerprint(settings: Settings) -> str:
    """Return the SHA-256 of what a library is built from: the catalogue and the reference implementations."""
    digest = hashlib.sha256(fingerprint_of(settings.data_dir).encode())
    for idea in list_ideas():
        digest.update(idea.code_hash.encode())
    return digest.hexdigest()


def is_current(store: Store, settings: Settings) -> bool:
    """Tell whether the library was built from the files as they are."""
    with store.read() as session:
        return is_built_from(session, fingerprint(settings))


def build(store: Store, searcher: Searcher, settings: Settings, progress: Progress | None) -> int:
    """Write the catalogue and the code, then give every text its vector; return how many vectors were made."""
    tell = progress or (lambda what, done, total: None)
    tell("reading the catalogue", 0, 1)
    catalogue = load_catalogue(settings.data_dir)
    tell("writing the library", 0, 1)
    build_library(store, catalogue, _code_documents(), fingerprint(settings))
    tell("writing the library", 1, 1)
    return searcher.embed_pending(progress)


def _code_documents() -> list[Document]:
    """Return each reference implementation as a text: found by what its header says and by its code."""
    return [
        Document(
            key=f"code:{idea.slug}",
            kind="code",
            title=idea.title,
            body="\n".join([idea.sections.get("Idea", ""), idea.sections.get("Paper", ""), idea.code]),
            names=(idea.function,),
        )
        for idea in list_ideas()
    ]
