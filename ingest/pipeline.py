"""From a file or from the network into the library, a batch a transaction.

The place reached is written in the same transaction as the batch: an import that is killed loses at most the batch
it was in, and started again it goes on behind the last one, to the same library as if nothing had happened.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ingest.files import Entry, detect_format, stream_records
from ingest.streams import fingerprint
from kb.ids import PaperId
from kb.records import ImportReport, PaperRecord, Skipped
from kb.settings import Settings
from kb.store import Store
from kb.store.imports import begin_import, finish_import, note_progress
from kb.store.saving import Saved, save_records

#: Called after each batch with the number of records done, and of all where that is known.
Progress = Callable[[int, int | None], None]

#: Entries in one transaction: enough to save in bulk, few enough to lose little when killed.
BATCH = 500


def import_file(path: Path, store: Store, *, format: str = "auto", progress: Progress | None = None) -> ImportReport:
    """Save the records, or the article, of a local file; what is here already is merged or left as it is.

    Raises
    ------
    KBError : as ``stream_records`` and the store say; what was saved before stays, and the same call goes on there
    """
    if format == "article" or (format == "auto" and detect_format(path) == "article"):
        # Imported here: reading web pages takes a library that records do without.
        from ingest.article_import import import_article

        return import_article(path, store)
    began = time.monotonic()
    entries = stream_records(path, format)
    content = fingerprint(path)
    with store.write() as session:
        resumed_at = begin_import(session, content, path.name)
    tally = _Tally(taken=resumed_at)
    for batch in _batches(islice(entries, resumed_at, None)):
        with store.write() as session:
            saved = save_records(session, [one for _, one in batch if isinstance(one, PaperRecord)])
            note_progress(session, content, tally.taken + len(batch))
        tally.add(saved, [one for _, one in batch if isinstance(one, Skipped)])
        if progress:
            progress(tally.taken, None)
    with store.write() as session:
        finish_import(session, content)
    return tally.report(path.name, time.monotonic() - began, resumed_at)


def add_papers(
    ids: Sequence[PaperId], store: Store, settings: Settings, *, progress: Progress | None = None
) -> ImportReport:
    """Fetch papers from arXiv and save them, a page at a time; what it has not is skipped, with its place in ``ids``.

    Raises
    ------
    KBError : as the source and the store say; the pages saved before stay
    """
    # Imported here: importing a file needs neither the HTTP session nor its cache, which take a while to load.
    from ingest.arxiv_api import PAGE, fetch_arxiv_papers

    began = time.monotonic()
    tally = _Tally()
    for start in range(0, len(ids), PAGE):
        parsed = fetch_arxiv_papers(ids[start : start + PAGE], settings)
        with store.write() as session:
            saved = save_records(session, parsed.records)
        tally.add(saved, [Skipped(one.place + start, one.reason) for one in parsed.skipped])
        if progress:
            progress(min(start + PAGE, len(ids)), len(ids))
    return tally.report("arXiv", time.monotonic() - began)


def add_query(text: str, most: int, store: Store, settings: Settings) -> ImportReport:
    """Fetch the papers that arXiv finds for a query, at most ``most`` of them, and save them.

    Raises
    ------
    KBError : as the source and the store say; nothing was saved then
    """
    from ingest.arxiv_api import fetch_arxiv_query

    began = time.monotonic()
    parsed = fetch_arxiv_query(text, most, settings)
    with store.write() as session:
        saved = save_records(session, parsed.records)
    tally = _Tally()
    tally.add(saved, parsed.skipped)
    return tally.report("arXiv", time.monotonic() - began)


@dataclass(slots=True)
class _Tally:
    """What has been done so far."""

    taken: int = 0
    """Entries passed, records and skipped ones, those of an earlier run included."""
    read: int = 0
    linked: int = 0
    left_open: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, saved: Saved, skipped: Sequence[Skipped]) -> None:
        self.taken += len(saved.outcomes) + len(skipped)
        self.read += len(saved.outcomes)
        self.linked += saved.linked
        self.left_open += saved.left_open
        self.outcomes.update(saved.outcomes)
        self.skipped += skipped

    def report(self, name: str, seconds: float, resumed_at: int = 0) -> ImportReport:
        return ImportReport(
            file=name,
            read=self.read,
            added=self.outcomes["added"],
            updated=self.outcomes["updated"],
            unchanged=self.outcomes["unchanged"],
            linked=self.linked,
            left_open=max(0, self.left_open),
            resumed_at=resumed_at,
            skipped=tuple(self.skipped),
            for_review=self.outcomes["review"],
            seconds=seconds,
        )


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    remaining = iter(entries)
    while batch := list(islice(remaining, BATCH)):
        yield batch
