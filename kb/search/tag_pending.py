"""Tag every text with the ideas that it speaks of: what is new, changed, or was tagged by other names."""

from collections.abc import Callable

from kb.search.tagging import Tagger
from kb.store import Store, concepts, tags

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""

_COMMITTED = 256
"""Well under a second of work: nobody else who writes waits longer."""


def tag_pending(store: Store, progress: Progress | None = None) -> int:
    """Tag the texts that this version of the names has not seen; return how many. May be stopped and called again."""
    with store.read() as session:
        tagger = Tagger(concepts.list_concepts(session), concepts.list_glossary(session))
        total = tags.count_untagged(session, tagger.fingerprint)
    done = 0
    while True:
        with store.read() as session:
            texts = tags.list_untagged(session, tagger.fingerprint, _COMMITTED)
        if not texts:
            return done
        # The last line of the names holds the authors: "Gates" is nobody's idea of a gate.
        found = [(one, tagger.tag("\n".join([one.title, *one.names.split("\n")[:-1]]), one.body)) for one in texts]
        with store.write() as session:
            tags.save_tags(session, tagger.fingerprint, found)
        done += len(texts)
        if progress:
            progress("tagging", done, max(done, total))
