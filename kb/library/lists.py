"""What a library holds, by name and listed: the part of ``Library`` that reads and gathers nothing."""

from contextlib import suppress

from kb.errors import KBError, NotFoundError
from kb.ids import parse_id
from kb.library import finding
from kb.library.shelves import Shelves
from kb.records import Article, Concept, Divergence, Paper, Preset, RunNote, RunRecord
from kb.reference.presets.listing import find_presets, list_presets
from kb.store import Store, articles, concepts, divergences, papers, runs
from kb.store.health import count_rows

_DIGITS = 18
"""What SQLite's largest number has at least."""


class Lists:
    """Methods of ``Library``; it is never made by itself."""

    _store: Store
    _shelves: Shelves

    def resolve(self, name: str) -> str:
        """Return the key of the record that this identifier, idea's name or alias, or work's title or name means.

        Raises
        ------
        NotFoundError  : well formed, but not here
        InvalidIdError : neither an identifier nor the name of an idea
        """
        return finding.resolve(self._store, name)

    def concepts(self) -> tuple[Concept, ...]:
        """Return all ideas, by year and slug."""
        with self._store.read() as session:
            return tuple(concepts.list_concepts(session))

    def paper(self, name: str) -> Paper:
        """Return a paper without its links: what a line in a list needs, sooner than ``show``."""
        with self._store.read() as session:
            return papers.get_paper(session, str(parse_id(name)))

    def papers(self) -> tuple[Paper, ...]:
        """Return all papers, by year and key; an unknown year last."""
        return self._shelves.read().papers

    def list_papers(self, family: str = "", start: int = 0, count: int = 25) -> tuple[Paper, ...]:
        """Return one page of the papers by year and key, of one family or of all."""
        with self._store.read() as session:
            return tuple(papers.list_papers(session, family=family, start=start, count=count))

    def articles(self, start: int = 0, count: int | None = None) -> tuple[Article, ...]:
        """Return articles, the newest of the library first."""
        with self._store.read() as session:
            return tuple(articles.list_articles(session, start, count))

    def article_count(self) -> int:
        with self._store.read() as session:
            return articles.count_articles(session)

    def remove_article(self, key: str) -> None:
        """Take an article out again, with its text and its mentions.

        Raises
        ------
        NotFoundError : nothing here has that key
        """
        with self._store.write() as session:
            articles.delete_article(session, key)

    def divergences(self) -> tuple[Divergence, ...]:
        """Return where papers, their official code and the reference implementations differ, by year and slug."""
        with self._store.read() as session:
            return tuple(divergences.list_divergences(session))

    def presets(self, name: str = "") -> tuple[Preset, ...]:
        """Return models at their published sizes, counted and set against what the papers print.

        Parameters
        ----------
        name : of a model, an architecture, an idea or a paper; empty means all

        Raises
        ------
        NotFoundError : no model has that name; the message names the nearest
        """
        if not name:
            return list_presets()
        try:
            return find_presets(name)
        except NotFoundError as unknown:
            with suppress(KBError):
                return find_presets(self.resolve(name))
            raise unknown from None

    def paper_count(self, family: str = "") -> int:
        with self._store.read() as session:
            return papers.count_papers(session, family)

    def counts(self) -> dict[str, int]:
        """Return how many papers, ideas, citations, texts, ... are here."""
        with self._store.read() as session:
            return count_rows(session)

    # What ran

    def runs(self, of: str = "", *, start: int = 0, count: int = 25) -> list[RunNote]:
        """Return recorded runs, the newest first: of one thing (``code:pre-ln``), or all."""
        with self._store.read() as session:
            return runs.list_runs(session, of, start=start, count=count)

    def run_count(self, of: str = "") -> int:
        with self._store.read() as session:
            return runs.count_runs(session, of)

    def recorded_run(self, key: str) -> RunRecord:
        """Return all that was recorded of a run, by its key (``run:12``) or number.

        Raises
        ------
        NotFoundError : there is no such run
        """
        number = key.removeprefix("run:")
        if not number.isdecimal() or len(number) > _DIGITS:
            raise NotFoundError(f"no run {number!r}: a recorded run has a number, as in run:12")
        with self._store.read() as session:
            return runs.get_run(session, int(number))
