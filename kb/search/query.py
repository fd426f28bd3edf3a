"""Search: words and meaning together, in English and Chinese, with the reason for every hit."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from kb.errors import InvalidQueryError, NotFoundError
from kb.records import Document, Hit, Neighbour, Reason, SearchAnswer, SearchFilter
from kb.search.embed import Embedder, load_embedder
from kb.search.extract import Marker, Matcher, cut_extract, make_marker
from kb.search.glossary import Glossary, Unit, embedded_text, searched_units, understood
from kb.search.lexical import find_named, find_origins, match_units
from kb.search.matrix import VectorMatrix
from kb.search.pending import Progress, embed_pending
from kb.search.rank import Ranked, rank_fused
from kb.settings import Settings
from kb.store import Session, Store, concepts, lookup, vectors
from kb.store.lookup import DocumentView

MODES = ("hybrid", "dense", "lexical")
MAX_LIMIT = 1000
_ANYTHING = SearchFilter()
_POOL = 100
"""How many candidates each way of searching gives at least: fusion wants more than is shown."""
_MAX_UNITS = 48
"""Of a query as long as an abstract the first words are searched; its meaning is taken from the whole."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What one search found, before it is dressed for reading."""

    asked: tuple[Unit, ...]
    ranked: list[Ranked]
    views: dict[str, DocumentView]
    dense: dict[str, float]
    nearest: bool

    @property
    def lost(self) -> bool:
        """Whether a key has no text: the vectors in memory are older than the library."""
        return len(self.views) < len(self.ranked)


class Searcher:
    """Searches one library. Any thread may use it; the model and the vectors are loaded at the first need."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._lock = threading.Lock()
        self._embedder: Embedder | None = None
        self._matrix: VectorMatrix | None = None
        self._glossary: Glossary | None = None

    def search(
        self, query: str, *, limit: int = 10, filter: SearchFilter = _ANYTHING, mode: str = "hybrid"
    ) -> SearchAnswer:
        """Return the best texts for a query, best first, ties by key.

        Where no text holds any of the words, the nearest by meaning are given and the answer says so.

        Raises
        ------
        InvalidQueryError : the query is empty, or limit, mode or filter make no sense
        ModelError        : the embedding model is needed and unusable
        """
        started = time.perf_counter()
        _check(query, limit, mode, filter)
        found = self._find(query, limit, filter, mode)
        if found.lost:
            self._forget()
            found = self._find(query, limit, filter, mode)
        return SearchAnswer(
            query=query,
            hits=_list_hits(found),
            took_ms=(time.perf_counter() - started) * 1000,
            mode=mode,
            searched_for=tuple(dict.fromkeys(text for unit in found.asked for text in (unit.text, *unit.english))),
            nearest=found.nearest,
        )

    def similar_by_text(self, key: str, limit: int = 10) -> list[Neighbour]:
        """Return the texts of the same kind that are nearest in meaning, best first; scores are cosines.

        Raises
        ------
        NotFoundError     : nothing here has that key
        InvalidQueryError : the limit makes no sense
        """
        _check_limit(limit)
        with self._store.read() as session:
            view = lookup.get_documents(session, [key]).get(key)
            if view is None:
                raise NotFoundError(f"nothing here has the key {key}; 'stemma search' finds keys by title")
            allowed = lookup.allowed_keys(session, SearchFilter(kinds=(view.kind,)))
            matrix = self._fresh_matrix(session)
            vector = matrix.find_row(key)
            if vector is None:
                text = Document(key, view.kind, view.title, view.body).embedded
                vector = self._load_embedder().encode([text])[0]
            found = dict(matrix.top(vector, limit + 1, allowed))
            found.pop(key, None)
            views = lookup.get_documents(session, list(found))
        return [
            Neighbour(one, views[one].title, views[one].year, cosine)
            for one, cosine in list(found.items())[:limit]
            if one in views
        ]

    def embed_pending(self, progress: Progress | None = None) -> int:
        """Embed the texts that have no vector of the model, or a stale one; return how many."""
        return embed_pending(self._store, self._load_embedder(), progress)

    def _find(self, query: str, limit: int, filter: SearchFilter, mode: str) -> _Found:
        with self._store.read() as session:
            units = self._known(session).split(query)
            asked = searched_units(units)[:_MAX_UNITS]
            pool = max(_POOL, 3 * limit)
            allowed = lookup.allowed_keys(session, filter)
            lexical, exact, part, origins = list[str](), list[str](), list[str](), list[str]()
            if mode != "dense":
                lexical = match_units(session, asked, filter, enough=limit, limit=pool)
                exact, part = find_named(session, query, asked, allowed)
                origins = find_origins(session, [*exact, *part], allowed)
            nearest = mode != "dense" and not (lexical or exact or part)
            dense: dict[str, float] = {}
            if mode != "lexical" or nearest:
                vector = self._load_embedder().encode([embedded_text(query, units)], query=True)[0]
                dense = dict(self._fresh_matrix(session).top(vector, pool, allowed))
            # A query of which the model reads half points to its texts by far less than half: squared, as measured.
            weight = understood(asked) ** 2 if lexical else 1.0
            ranked = rank_fused(lexical, list(dense), dense_weight=weight, exact=exact, part=part, origins=origins)
            ranked = ranked[:limit]
            return _Found(asked, ranked, lookup.get_documents(session, [one.key for one in ranked]), dense, nearest)

    def _known(self, session: Session) -> Glossary:
        # An empty one is a library that was not built yet: look again next time.
        if not self._glossary:
            self._glossary = Glossary(concepts.list_glossary(session), concepts.list_concepts(session))
        return self._glossary

    def _load_embedder(self) -> Embedder:
        with self._lock:
            if self._embedder is None:
                self._embedder = load_embedder(self._settings)
            return self._embedder

    def _fresh_matrix(self, session: Session) -> VectorMatrix:
        embedder = self._load_embedder()
        with self._lock:
            if self._matrix is None:
                self._matrix = VectorMatrix(embedder.dim)
            matrix = self._matrix
        matrix.refresh(
            vectors.newest_number(session),
            lambda after: vectors.load_vectors(session, embedder.name, embedder.revision, after),
        )
        return matrix

    def _forget(self) -> None:
        """Drop the vectors in memory: they hold a key that has no text, deleted or renamed since they were read."""
        with self._lock:
            self._matrix = None


def _check(query: str, limit: int, mode: str, filter: SearchFilter) -> None:
    if not query.strip():
        raise InvalidQueryError("the query is empty; say what to search for, for example 'linear attention'")
    if mode not in MODES:
        raise InvalidQueryError(f"unknown mode {mode!r}; choose one of {', '.join(MODES)}")
    if filter.year_from is not None and filter.year_to is not None and filter.year_from > filter.year_to:
        raise InvalidQueryError(f"no year lies between {filter.year_from} and {filter.year_to}; swap the two")
    _check_limit(limit)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidQueryError(f"limit is {limit}; choose between 1 and {MAX_LIMIT}")


def _list_hits(found: _Found) -> tuple[Hit, ...]:
    marker = make_marker(text for unit in found.asked for text in unit.shown)
    return tuple(
        _make_hit(one, found.views[one.key], found.asked, marker, found.dense.get(one.key))
        for one in found.ranked
        if one.key in found.views
    )


def _make_hit(ranked: Ranked, view: DocumentView, units: Sequence[Unit], marker: Marker, cosine: float | None) -> Hit:
    names = "\n".join([view.title, *view.names])
    title, whole = Matcher(names, marker), Matcher(f"{names}\n{view.body}", marker)
    return Hit(
        key=ranked.key,
        kind=view.kind,
        title=view.title,
        year=view.year,
        score=ranked.score,
        reasons=Reason(
            lexical_rank=ranked.lexical_rank,
            dense_rank=ranked.dense_rank,
            cosine=cosine,
            title_match=bool(units) and all(any(map(title.holds, unit.shown)) for unit in units),
            matched=tuple(text for unit in units for text in unit.shown if whole.holds(text)),
        ),
        extract=cut_extract(view.body, marker),
        ids=view.ids,
    )
