"""``Library``: everything that a front door can ask for."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path as FilePath

from kb.errors import InvalidIdError, InvalidQueryError, NotFoundError
from kb.ids import parse_id
from kb.library import doctor, opening
from kb.library.shelves import Shelves
from kb.records import (
    ClaimCard,
    Concept,
    ConceptView,
    Confinement,
    Executed,
    Health,
    Idea,
    ImportReport,
    Limits,
    LineageMap,
    MapView,
    Neighbour,
    Network,
    PaperView,
    Path,
    RunResult,
    SearchAnswer,
    SearchFilter,
    Snippet,
    Verdict,
)
from kb.reference.registry import get_idea, list_ideas
from kb.search.query import Searcher
from kb.settings import Settings, read_settings
from kb.store import Store, concepts, open_store, papers, runs, views

ANYTHING = SearchFilter()
WHOLE_MAP = MapView()


class Library:
    """A library that is open. Any thread may use it; records go in and come out, nothing else."""

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
            if build and not opening.is_current(library._store, chosen):
                library.build(progress)
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
        """Take the records of a local file and link them; their vectors wait for ``embed``."""
        from ingest.pipeline import import_file

        return import_file(path, self._store, format=form, progress=progress)

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
        from kb.graph.build import build_citations
        from kb.graph.coupling import rank_co_cited, rank_coupled

        ways = {"co-citation": rank_co_cited, "coupling": rank_coupled}
        if by not in ways:
            raise InvalidQueryError(f"no such neighbourhood: {by!r}; choose text, co-citation or coupling")
        shelf = self._shelves.read()
        return ways[by](build_citations(shelf.papers, shelf.citations), self.resolve(key), limit)

    def resolve(self, name: str) -> str:
        """Return the key of the record that this identifier, idea's name or alias means.

        Raises
        ------
        NotFoundError  : well formed, but not here
        InvalidIdError : neither an identifier nor the name of an idea
        """
        with self._store.read() as session:
            try:
                return views.resolve_key(session, str(parse_id(name)))
            except InvalidIdError as unknown:
                if name.startswith("code:"):
                    return f"code:{get_idea(name.removeprefix('code:')).slug}"
                try:
                    return concepts.get_concept(session, name).key
                except NotFoundError as missing:
                    raise missing if name.startswith("concept:") or " " not in name.strip() else unknown from None

    def show(self, name: str) -> PaperView | ConceptView:
        """Return a record with its links: a paper by any identifier, an idea by slug, name or alias."""
        key = self.resolve(name)
        if not key.startswith(("concept:", "code:")):
            with self._store.read() as session:
                return views.get_paper_view(session, key)
        return self._show_concept(key.split(":", 1)[1])

    def _show_concept(self, slug: str) -> ConceptView:
        verdicts = {one.claim: one for one in self.verdicts()}
        with self._store.read() as session:
            concept = concepts.get_concept(session, slug)
            edges = concepts.list_edges(session)
            names = {one.slug: one.name for one in concepts.list_concepts(session)}
            links = views.list_mentions(session, concepts.list_papers_of(session, slug))
            first = views.list_mentions(session, [(concept.introduced_by, "introduces")])
            snippets = runs.list_snippets(session, concept.key)
        mine = tuple(edge for edge in edges if slug in (edge.ancestor, edge.descendant))
        return ConceptView(
            concept=concept,
            introduced_by=first[0] if first else None,
            ancestors=tuple(edge for edge in mine if edge.descendant == slug),
            descendants=tuple(edge for edge in mine if edge.ancestor == slug),
            names=names,
            papers=links,
            idea=next((idea for idea in list_ideas() if idea.slug == slug), None),
            claims=tuple((card, verdicts.get(card.id)) for card in self.claims() if slug in card.between),
            snippets=tuple(snippets),
        )

    def concepts(self) -> tuple[Concept, ...]:
        """Return all ideas, by year and slug."""
        return self._shelves.read().concepts

    def paper_count(self) -> int:
        with self._store.read() as session:
            return papers.count_papers(session)

    # The lineage

    def lineage(self, name: str, view: MapView = WHOLE_MAP) -> Network:
        """Return a record's ancestors and descendants: of an idea by lineage, of a paper by citation."""
        from dataclasses import replace

        from kb.graph.networks import network_of_ideas, network_of_papers

        key = self._on_map(name)
        shelf, focused = self._shelves.read(), replace(view, focus=key)
        if key.startswith("concept:"):
            return network_of_ideas(
                shelf.concepts,
                shelf.edges,
                executed=self._executed(),
                papers=shelf.papers,
                citations=shelf.citations,
                view=focused,
            )
        return network_of_papers(shelf.papers, shelf.citations, view=focused)

    def map(self, view: MapView = WHOLE_MAP, *, of: str = "ideas") -> LineageMap:
        """Return the map of ideas, or of ``papers``, laid out for drawing."""
        from kb.graph.maps import map_of_ideas, map_of_papers

        shelf = self._shelves.read()
        if of == "papers":
            return map_of_papers(shelf.papers, shelf.citations, view=view)
        return map_of_ideas(
            shelf.concepts,
            shelf.edges,
            executed=self._executed(),
            papers=shelf.papers,
            citations=shelf.citations,
            view=view,
        )

    def path(self, start: str, end: str) -> Path | None:
        """Return how one record reaches the other, each hop with its evidence; None where no path keeps to time."""
        from kb.graph.build import build_joint
        from kb.graph.paths import find_path

        shelf = self._shelves.read()
        joint = build_joint(shelf.concepts, shelf.edges, shelf.papers, shelf.citations)
        return find_path(joint, self._on_map(start), self._on_map(end))

    def _on_map(self, name: str) -> str:
        return self.resolve(name).replace("code:", "concept:", 1)

    def _executed(self) -> Executed:
        coded = frozenset(idea.slug for idea in list_ideas())
        return Executed(coded, self.claims(), tuple(self.verdicts()))

    # What runs

    def ideas(self) -> tuple[Idea, ...]:
        """Return the reference implementations."""
        return list_ideas()

    def idea(self, name: str) -> Idea:
        """Return a reference implementation by slug, or by any name of its idea.

        Raises
        ------
        NotFoundError : the idea is unknown or has no code yet
        """
        try:
            return get_idea(name.removeprefix("code:").removeprefix("concept:"))
        except NotFoundError:
            return get_idea(self.resolve(name).split(":", 1)[1])

    def run(
        self, name: str, parameters: Mapping[str, object] | None = None, *, seed: int = 0, code: str | None = None
    ) -> RunResult:
        """Run an idea, or an edited version of its source, on its standard input, and record the run."""
        from kb.reference.program import build_run_program
        from kb.runner import run

        idea = self.idea(name)
        edited = code is not None and code != idea.code
        program = build_run_program(code if edited and code is not None else idea, parameters, seed=seed)
        result = run(program, self._limits(), trusted=not edited)
        self._record(f"code:{idea.slug}", code or idea.code, result, parameters, seed)
        return result

    def run_snippet(self, name: str, code: str) -> RunResult:
        """Run a user's own program, confined, and record the run."""
        from kb.runner import run

        result = run(code, self._limits())
        self._record(name, code, result, None, 0)
        return result

    def compare(
        self, names: Sequence[str], parameters: Mapping[str, object] | None = None, *, seed: int = 0
    ) -> RunResult:
        """Run two to four ideas of one form on the same inputs and weights; figures as ``kb.reference.program`` says."""
        from kb.reference.program import build_compare_program
        from kb.runner import run

        ideas = [self.idea(name) for name in names]
        program = build_compare_program(ideas, parameters, seed=seed)
        result = run(program, self._limits(), trusted=True)
        key = "compare:" + ",".join(idea.slug for idea in ideas)
        self._record(key, "\n".join(idea.code for idea in ideas), result, parameters, seed)
        return result

    def _limits(self) -> Limits:
        chosen = self.settings
        return Limits(chosen.run_wall_s, chosen.run_cpu_s, chosen.run_memory_mb, chosen.run_output_kb)

    def _record(
        self, key: str, code: str, result: RunResult, parameters: Mapping[str, object] | None, seed: int
    ) -> None:
        with self._store.write() as session:
            runs.save_run(session, key, code, result, parameters=parameters or {}, seed=seed)

    def warm_up(self) -> None:
        """Have a confined worker with torch ready in the background."""
        from kb.runner import warm_up

        warm_up()

    def confinement(self) -> Confinement:
        """Return which way of confining code is in force on this machine."""
        from kb.runner import confinement

        return confinement()

    def attach(self, name: str, label: str, code: str) -> Snippet:
        """Attach a program to a paper or an idea."""
        key = self.resolve(name)
        with self._store.write() as session:
            return runs.save_snippet(session, key, label, code)

    def snippets(self, name: str | None = None) -> list[Snippet]:
        """Return the snippets attached to a record, or all."""
        key = self.resolve(name) if name else None
        with self._store.read() as session:
            return runs.list_snippets(session, key)

    # Claims

    def claims(self) -> tuple[ClaimCard, ...]:
        """Return the executable claims."""
        from kb.claims.registry import list_claims

        return list_claims()

    def verdicts(self) -> list[Verdict]:
        """Return the newest verdict of each claim, stale where its code has changed since."""
        current = {card.id: card.code_hash for card in self.claims()}
        with self._store.read() as session:
            return runs.list_verdicts(session, current)

    def verify(
        self, ids: Sequence[str] = (), *, seed: int = 0, progress: opening.Progress | None = None
    ) -> list[Verdict]:
        """Execute claims, all of them where none is named, and record the verdicts."""
        from kb.claims.registry import get_claim
        from kb.claims.verify import run_claim

        chosen = [get_claim(one).id for one in ids] or [card.id for card in self.claims()]
        verdicts = []
        for done, one in enumerate(chosen):
            if progress:
                progress(f"executing {one}", done, len(chosen))
            verdicts.append(run_claim(one, seed=seed))
            with self._store.write() as session:
                runs.save_verdict(session, verdicts[-1])
        return verdicts

    def doctor(self) -> Health:
        """Examine the library and the machine."""
        return doctor.examine(self._store, self.settings)
