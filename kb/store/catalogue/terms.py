"""The glossary: English terms and their Chinese words."""

from collections.abc import Iterable
from pathlib import Path

from kb.records import Term
from kb.store.catalogue.entries import read_file


def load_glossary(file: Path) -> Iterable[Term]:
    seen: set[str] = set()
    for entry in read_file(file, "term"):
        term = Term(entry.words("en"), entry.names("zh"))
        entry.close()
        if not term.zh:
            raise entry.fail(f"{term.en!r} has no Chinese word", "zh")
        if term.en.casefold() in seen:
            raise entry.fail(f"{term.en!r} stands twice", "en")
        seen.add(term.en.casefold())
        yield term
