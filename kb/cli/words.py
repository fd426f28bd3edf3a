"""Records in words: authors, kinds, verdicts, ranks. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.records import Mention, Reason

Part = str | tuple[str, str]
"""A text, or a text and its style: ``bold``, ``dim``, ``green``."""

_SIGNS = {
    "verified": ("✓", "green"),
    "refuted": ("✗", "red"),
    "inconclusive": ("~", "yellow"),
    "not_run": ("○", "dim"),
}
_RECORD_KINDS = {"concept": "idea"}


def authors_line(authors: Sequence[str], more: int = 0, shown: int = 3) -> str:
    """Return names, at most ``shown`` of them, and "et al." where there are others; ``more`` are not listed."""
    names = ", ".join(authors[:shown])
    return f"{names} et al." if names and (more or len(authors) > shown) else names


def kind_words(kind: str) -> str:
    """Return a lineage kind as the words between descendant and ancestor."""
    return "is a special case of" if kind == "special_case_of" else kind.replace("_", " ")


def record_kind(kind: str) -> str:
    """Return the word for a kind of record: a concept is shown as an idea."""
    return _RECORD_KINDS.get(kind, kind)


def verdict_part(verdict: str, stale: bool = False) -> Part:
    """Return a verdict with its sign and colour."""
    sign, style = _SIGNS.get(verdict, _SIGNS["not_run"])
    return f"{sign} {verdict.replace('_', ' ')}{', stale' if stale else ''}", "dim" if stale else style


def year_part(year: int | None) -> Part:
    """Return a year behind a title, or nothing."""
    return (f" ({year})", "dim") if year is not None else ""


def mention_parts(mention: "Mention", with_note: bool = True) -> list[Part]:
    """Return a record named in passing: title, year, key, and what the link says."""
    note = f"  {mention.note}" if mention.note and with_note else ""
    return [mention.title, year_part(mention.year), (f"  {mention.key}", "dim"), (note, "dim")]


def reason_words(reason: "Reason") -> str:
    """Return why a hit is where it is."""
    told = []
    if reason.matched:
        told.append(f"{', '.join(reason.matched)} {'in its title' if reason.title_match else 'in its text'}")
    if reason.lexical_rank is not None:
        told.append(f"{ordinal(reason.lexical_rank)} by words")
    if reason.dense_rank is not None:
        told.append(f"{ordinal(reason.dense_rank)} by meaning")
    if reason.cosine is not None:
        told.append(f"cosine {reason.cosine:.2f}")
    return "; ".join(told)


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th, ... 11th.

    Examples
    --------
    >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 21, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '21st', '112th']
    """
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def count_words(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 paper``, ``2,412 papers``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
