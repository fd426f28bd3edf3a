"""``Library``: everything that a front door can ask for."""

from collections.abc import Callable, Sequence
from pathlib import Path as FilePath

from kb.ids import parse_id
from kb.library import claiming, doctor, finding, lineage, opening
from kb.library.discovery import Discovering
from kb.library.own_claims import is_own
from kb.library.own_reading import list_own_cards
from kb.library.shelves import Shelves
from kb.records import (
    ArticleView,
    ClaimCard,
    ConceptView,
    Health,
    ImportReport,
    LineageMap,
    MapView,
    Neighbour,
    Network,
    PaperView,
    Path,
    SearchAnswer,
    SearchFilter,
    Verdict,
)
from kb.search.query import Searcher
from kb.settings import Settings, read_settings
from kb.store import Store, open_store

ANYTHING = SearchFilter()
WHOLE_MAP = MapView()


class Library(Discovering):
    """A library that is open. Any thread may use it; records go in and come out, nothing else.

    What can be listed is told in ``kb.library.lists``, what runs in ``bench``, what a user attaches in ``snippets``,
    the claims that he writes in ``own_claims``, and the search for relations in ``discovery``.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self.settings = store, settings
        self._searcher = Searcher(store, settings)
        self._shelves = Shelves(store)

    @classmethod
    def open(
        cls,
        db: str | None = None,
        *,
        settings: Settings | None = None,
        progress: opening.Progress | None = None,
        build: bool = True,
    ) -> "Library":
        """Open a library, building it first where it is new or older than ``data/``.

        Raises
        ------
        StoreError       : the database cannot be opened or upgraded
        CuratedDataError : a file under ``data/`` is wrong
        """
        chosen = settings or read_settings(db)
        library = cls(open_store(chosen.db), chosen)
        try:
            if build:
                opening.bring_up(library._store, library._searcher, chosen, progress)
        except BaseException:
            library.close()
            raise
        return library

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def build(self, progress: opening.Progress | None = None) -> int:
        """Write the catalogue and embed what has no vector; return how many vectors were made. Idempotent."""
        return opening.build(self._store, self._searcher, self.settings, progress)

    # What comes in

    def add(self, ids: Sequence[str], progress: Callable[[int, int | None], None] | None = None) -> ImportReport:
        """Fetch papers by identifier from arXiv and link them; their vectors wait for ``embed``."""
        from ingest.pipeline import add_papers

        return add_papers([parse_id(text) for text in ids], self._store, self.settings, progress=progress)

    def add_query(self, text: str, most: int) -> ImportReport:
        """Fetch the papers that arXiv finds for a query and link them."""
        from ingest.pipeline import add_query

        return add_query(text, most, self._store, self.settings)

    def import_file(
        self, path: FilePath, form: str = "auto", progress: Callable[[int, int | None], None] | None = None
    ) -> ImportReport:
        """Take the records, or the article, of a local file and link them; ``tag`` and ``embed`` do the rest."""
        from ingest.pipeline import import_file

        return import_file(path, self._store, format=form, progress=progress)

    def tag(self, progress: opening.Progress | None = None) -> int:
        """Note which ideas the texts speak of that are new or changed; return how many texts these were."""
        from kb.search.tag_pending import tag_pending

        return tag_pending(self._store, progress)

    def embed(self, progress: opening.Progress | None = None) -> int:
        """Give every text its vector; return how many were made. May be stopped and called again."""
        return self._searcher.embed_pending(progress)

    # What is found

    def search(
        self, query: str, *, limit: int = 10, wanted: SearchFilter = ANYTHING, mode: str = "hybrid"
    ) -> SearchAnswer:
        """Return the best texts for a query in English or Chinese, each with its reasons."""
        return self._searcher.search(query, limit=limit, filter=wanted, mode=mode)

    def similar(self, key: str, by: str = "text", limit: int = 10) -> list[Neighbour]:
        """Return a paper's neighbours: by ``text``, ``co-citation`` or ``coupling``."""
        if by == "text":
            return self._searcher.similar_by_text(self.resolve(key), limit)
        return finding.rank_neighbours(self._shelves.read(), self.resolve(key), by, limit)

    def show(self, name: str) -> PaperView | ConceptView | ArticleView:
        """Return a record with its links: a paper by any identifier, an article by key, an idea by any name."""
        return finding.show(self._store, self._shelves, self.resolve(name))

    # The lineage

    def lineage(self, name: str, view: MapView = WHOLE_MAP) -> Network:
        """Return a record's ancestors and descendants: of an idea by lineage, of a paper by citation."""
        return lineage.select_network(self._store, self._shelves.read(), self._on_map(name), view)

    def map(self, view: MapView = WHOLE_MAP, *, of: str = "ideas") -> LineageMap:
        """Return the map of ideas, or of ``papers``, laid out for drawing."""
        return lineage.draw_map(self._store, self._shelves.read(), view, of)

    def export_lineage(self, name: str, view: MapView = WHOLE_MAP, form: str = "json", *, of: str = "ideas") -> str:
        """Return what a map shows as a text, in a form that ``kb.graph.export`` writes; an empty name means all."""
        key = self._on_map(name) if name else ""
        return lineage.export(self._store, self._shelves.read(), key, view, form=form, of=of)

    def path(self, start: str, end: str) -> Path | None:
        """Return how one record reaches the other, each hop with its evidence; None where no path keeps to time."""
        return lineage.trace_path(self._shelves.read(), self._on_map(start), self._on_map(end))

    def _on_map(self, name: str) -> str:
        return self.resolve(name).replace("code:", "concept:", 1)

    # Claims

    def claims(self) -> tuple[ClaimCard, ...]:
        """Return the executable claims, those that ship and then the user's own."""
        from kb.claims.registry import list_claims

        return (*list_claims(), *list_own_cards(self._store))

    def claim_source(self, id: str) -> str:
        """Return the text of the file in which a claim's check stands.

        Raises
        ------
        NotFoundError : no claim has that id
        """
        from kb.claims.registry import file_of, get_claim

        if is_own(id):
            return self.own_claim(id).code
        return file_of(get_claim(id)).read_text(encoding="utf-8")

    def verdicts(self) -> list[Verdict]:
        """Return the newest verdict of each claim, stale where its code has changed since."""
        return claiming.list_verdicts(self._store)

    def verdict_history(self, id: str) -> list[Verdict]:
        """Return what was ever found of a claim, the newest first; stale where the code was another one.

        Raises
        ------
        NotFoundError : no claim has that id
        """
        return claiming.list_history(self._store, id)

    def verify(
        self, ids: Sequence[str] = (), *, seed: int = 0, progress: opening.Progress | None = None
    ) -> list[Verdict]:
        """Execute claims, all that ship where none is named, and record the verdicts; a user's own run confined."""
        own = [one for one in ids if is_own(one)]
        shipped = [one for one in ids if one not in own]
        found = claiming.verify(self._store, shipped, seed, progress) if shipped or not own else []
        return [*found, *(outcome.verdict for outcome in self.verify_own(own, seed=seed, progress=progress))]

    def verify_variants(
        self, ids: Sequence[str] = (), *, seed: int = 0, progress: opening.Progress | None = None
    ) -> dict[str, list[tuple[str, Verdict]]]:
        """Execute the wrong variants of claims, all that ship where none is named; nothing is recorded of these.

        Those of a user's own ran with the claim.
        """
        own = [one for one in ids if is_own(one)]
        shipped = [one for one in ids if one not in own]
        found = claiming.verify_variants(shipped, seed, progress) if shipped or not own else {}
        return found | self.own_variants(own, seed=seed)

    def doctor(self) -> Health:
        """Examine the library and the machine."""
        return doctor.examine(self._store, self.settings)
