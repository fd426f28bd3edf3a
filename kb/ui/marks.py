"""The signs that all pages share: colours of families, marks of verdicts, words for kinds. Pure."""

from collections.abc import Sequence

#: Found by search: at least 24 apart (CIE 1976 distance), 16 to the eye of a protanope or deuteranope, neighbouring
#: lanes twice that, and a contrast of 3 : 1 or nearly so on white and on near-black. A label always says the same.
FAMILY_COLOURS: dict[str, str] = {
    "language-models": "#d27c50",
    "word-vectors": "#ad347e",
    "recurrence": "#36710d",
    "fast-weights": "#ed6179",
    "attention": "#7451b0",
    "positions": "#3a9fae",
    "normalisation": "#766046",
    "feed-forward": "#a79120",
    "pre-training": "#188bed",
    "hardware": "#14a582",
    "beyond-text": "#7692cc",
}

_FAMILY_NAMES = {
    "language-models": "Language models",
    "word-vectors": "Word vectors",
    "recurrence": "Recurrence",
    "fast-weights": "Fast weights",
    "attention": "Attention",
    "positions": "Positions",
    "normalisation": "Normalisation",
    "feed-forward": "Feed-forward",
    "pre-training": "Pre-training",
    "hardware": "Hardware",
    "beyond-text": "Beyond text",
}

#: Sign, its hollow form, word, colour.
_VERDICTS = {
    "verified": ("✓", "verified", "#2e8b57"),
    "refuted": ("✗", "refuted", "#c8443c"),
    "inconclusive": ("~", "inconclusive", "#b9770e"),
    "not_run": ("○", "not run", "#7f7f7f"),
}

#: Read as "descendant ... ancestor".
_KINDS = {
    "special_case_of": "is a special case of",
    "cites": "cites",
    "introduces": "introduces",
}

_RECORD_KINDS = {"concept": "Idea"}


def family_name(slug: str) -> str:
    """Return a family's name; an unknown one in its own words, an empty one as "No family"."""
    return _FAMILY_NAMES.get(slug) or slug.replace("-", " ").capitalize() or "No family"


def verdict_mark(verdict: str, stale: bool = False) -> tuple[str, str, str]:
    """Return (sign, word, colour) of a verdict; a stale one keeps its sign, says so, and is drawn hollow."""
    sign, word, colour = _VERDICTS.get(verdict, _VERDICTS["not_run"])
    return sign, f"{word}, stale" if stale and verdict in _VERDICTS else word, colour


def kind_words(kind: str) -> str:
    """Return a lineage kind as the words between descendant and ancestor."""
    return _KINDS.get(kind, kind.replace("_", " "))


def record_kind(kind: str) -> str:
    """Return the word for a kind of record: a concept is shown as an idea."""
    return _RECORD_KINDS.get(kind, kind.capitalize())


def authors_line(authors: Sequence[str], more: int = 0, shown: int = 3) -> str:
    """Return family names, at most ``shown`` of them, and "et al." where there are others; ``more`` are not listed.

    Examples
    --------
    >>> authors_line(["Ashish Vaswani", "Noam Shazeer", "Niki Parmar", "Jakob Uszkoreit"])
    'Vaswani, Shazeer, Parmar et al.'
    """
    names = [_family_name_of(name) for name in authors[:shown]]
    return ", ".join(names) + (" et al." if names and (more or len(authors) > shown) else "")


def _family_name_of(name: str) -> str:
    """Return the last word of a name with the small words before it: ``von der Malsburg``; a team's name is whole."""
    words = name.split()
    if words[-1:] == ["Team"]:
        return name
    first = len(words) - 1
    while first > 0 and words[first - 1].islower():
        first -= 1
    return " ".join(words[first:])


def count_words(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 paper``, ``2,412 papers``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
