"""Open a library, and build it from ``data/`` where it is new or older than the files."""

import hashlib
import logging
from collections.abc import Callable

from kb.errors import ModelError
from kb.records import Document
from kb.reference.registry import list_ideas
from kb.search.query import Searcher
from kb.search.tag_pending import tag_pending
from kb.search.tagging import RULES
from kb.settings import Settings
from kb.store import Store
from kb.store.building import build_library, is_built_from, is_embedded, note_embedded
from kb.store.catalogue import fingerprint_of, load_catalogue

#: How a literate header begins in the source: noise in an extract.
_OPENING = 'r"""'
_log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""


def fingerprint(settings: Settings) -> str:
    """Return the SHA-256 of what a library is built from: catalogue, reference implementations, rules of tagging."""
    digest = hashlib.sha256(f"{fingerprint_of(settings.data_dir)}\0{RULES}".encode())
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
    content = fingerprint(settings)
    build_library(store, catalogue, _code_documents(), content)
    tell("writing the library", 1, 1)
    tag_pending(store, progress)
    return _embed(store, searcher, content, progress)


def bring_up(store: Store, searcher: Searcher, settings: Settings, progress: Progress | None) -> None:
    """Build a library that is new or older than the files, and finish one whose first start was interrupted."""
    content = fingerprint(settings)
    with store.read() as session:
        built, embedded = is_built_from(session, content), is_embedded(session, content)
    if not built:
        build(store, searcher, settings, progress)
    elif not embedded:
        try:
            _embed(store, searcher, content, progress)
        except ModelError as error:
            # The reader was told when it was built; words still find everything.
            _log.warning("%s; searching by words only", error)


def _embed(store: Store, searcher: Searcher, content: str, progress: Progress | None) -> int:
    made = searcher.embed_pending(progress)
    with store.write() as session:
        note_embedded(session, content)
    return made


def _code_documents() -> list[Document]:
    """Return each reference implementation as a text: found by what its header says and by its code."""
    told = ("Idea", "Paper")
    return [
        Document(
            key=f"code:{idea.slug}",
            kind="code",
            title=idea.title,
            body="\n".join([*(idea.sections.get(name, "") for name in told), idea.code.removeprefix(_OPENING)]),
            names=(idea.function,),
        )
        for idea in list_ideas()
    ]
