"""What is read again and again, kept in memory until the library says that it has changed."""

import threading
from dataclasses import dataclass

from kb.records import Citation, Concept, LineageEdge, Paper
from kb.store import Store, citations, concepts, papers
from kb.store.versions import read_version


@dataclass(frozen=True, slots=True)
class Shelf:
    """All papers, citations, concepts and edges of one state of the library."""

    papers: tuple[Paper, ...]
    citations: tuple[Citation, ...]
    concepts: tuple[Concept, ...]
    edges: tuple[LineageEdge, ...]


class Shelves:
    """Holds the newest Shelf. Any thread may ask; a change by another process is noticed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._version = -1
        self._shelf = Shelf((), (), (), ())

    def read(self) -> Shelf:
        with self._lock, self._store.read() as session:
            version = read_version(session)
            if version != self._version:
                self._shelf = Shelf(
                    tuple(papers.list_papers(session)),
                    tuple(citations.list_citations(session)),
                    tuple(concepts.list_concepts(session)),
                    tuple(concepts.list_edges(session)),
                )
                self._version = version
            return self._shelf
