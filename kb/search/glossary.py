"""A query's words, each with what the glossary knows for it in the other language. Pure.

The model reads English only, and the catalogue's texts are mostly English, so a Chinese query is worth what the
glossary makes of it. Terms are found from left to right, the longest first; names and abbreviations of the library's
own ideas count as terms ("SDPA" is scaled dot-product attention).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from kb.chinese import CJK, is_cjk
from kb.records import Concept, Term
from kb.search.tokens import STOP_WORDS, cut_asking, is_asking
from kb.store.splitting import fold_width

_WORD = re.compile(rf"[^\s{CJK}]+")
_RUN = re.compile(rf"[{CJK}]+")
_EDGE_SPACE = re.compile(rf"(?<=[{CJK}])\s+|\s+(?=[{CJK}])")
_LATIN = re.compile(r"[A-Za-z]")
_HYPHENS = str.maketrans("-_/‐‑–", "      ")
_PUNCTUATION = "\"'`“”‘’«»()[]{}<>,.;:!?，。；：！？、（）《》【】"


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that a query says."""

    text: str
    """As it stands in the query, folded."""
    kind: Literal["term", "word", "rest", "asking"]
    """A term of the glossary, another word, a run of Chinese that the glossary does not know, or a mere question."""
    english: tuple[str, ...] = ()
    chinese: tuple[str, ...] = ()

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Texts of which any one will do, the query's own first."""
        return tuple(dict.fromkeys((self.text, *self.english, *self.chinese)))

    @property
    def shown(self) -> tuple[str, ...]:
        """Those that are marked in a text: half-Chinese names would light up common words by themselves."""
        return tuple(one for one in self.alternatives if one == self.text or not (is_cjk(one) and _LATIN.search(one)))


class Glossary:
    """Terms in two languages, to be looked up in running text."""

    def __init__(self, terms: Iterable[Term], concepts: Iterable[Concept] = ()) -> None:
        self._english: dict[str, list[str]] = {}
        self._chinese: dict[str, list[str]] = {}
        for concept in concepts:
            names = [concept.name, concept.name_zh, *concept.aliases]
            self._add(concept.name, [name for name in names if name])
        for term in terms:
            self._add(term.en, [term.en, *term.zh])
        self._longest: dict[str, int] = {}
        for key in self._english:
            self._longest[key[:2]] = max(self._longest.get(key[:2], 0), len(key))

    def __len__(self) -> int:
        return len(self._english)

    def split(self, query: str) -> tuple[Unit, ...]:
        """Return what a query says, in its order.

        Examples
        --------
        >>> glossary = Glossary([Term("linear attention", ("线性注意力",))])
        >>> [(u.text, u.kind, u.english) for u in glossary.split("谁发明了线性注意力")]
        [('线性注意力', 'term', ('linear attention',))]
        >>> [(u.text, u.kind) for u in glossary.split("Who invented linear attention?")]
        [('who', 'asking'), ('invented', 'asking'), ('linear attention', 'term')]
        """
        text = _fold(query)
        plain = text.translate(_HYPHENS)
        units: list[Unit] = []
        rest = at = 0
        while at < len(text):
            if key := self._match(plain, at):
                units += _loose(text[rest:at])
                units.append(self._unit(key, text[at : at + len(key)]))
                rest = at = at + len(key)
            else:
                at = _next_start(plain, at)
        return (*units, *_loose(text[rest:]))

    def _add(self, english: str, names: list[str]) -> None:
        chinese = [name for name in names if is_cjk(name)]
        for name in names:
            key = _key(name)
            forms = (key,) if is_cjk(key) else (key, f"{key}s")
            for form in forms:
                self._english.setdefault(form, []).append(english)
                self._chinese.setdefault(form, []).extend(chinese)

    def _match(self, plain: str, at: int) -> str | None:
        """Return the longest term that starts here and ends with a word, not within one."""
        for end in range(min(len(plain), at + self._longest.get(plain[at : at + 2], 0)), at, -1):
            if plain[at:end] in self._english and _is_whole(plain, at, end):
                return plain[at:end]
        return None

    def _unit(self, key: str, text: str) -> Unit:
        others = {_key(name): name for name in (*self._english[key], *self._chinese[key])}
        others = {form: name for form, name in others.items() if form not in (key, key.removesuffix("s"))}
        return Unit(
            text,
            "term",
            english=tuple(name for name in others.values() if not is_cjk(name)),
            chinese=tuple(name for name in others.values() if is_cjk(name)),
        )


def embedded_text(query: str, units: Iterable[Unit]) -> str:
    """Return what is embedded for a query: itself, with the names behind its abbreviations; or, of Chinese, what the
    glossary has for it in English, where it has anything."""
    units = tuple(units)
    if not is_cjk(query):
        added = [unit.english[0] for unit in units if unit.english and len(unit.text) <= _ABBREVIATION]
        return f"{query} ({', '.join(added)})" if added else query
    words = [unit.english[0] if is_cjk(unit.text) and unit.english else unit.text for unit in units]
    english = [word for word in words if not is_cjk(word)]
    return " ".join(english) or query


def understood(units: Iterable[Unit]) -> float:
    """Return which part of a query the model can read, in [0, 1]: of Chinese only what the glossary has."""
    units = tuple(units)
    known = sum(len(unit.text) for unit in units if unit.english or not is_cjk(unit.text))
    return known / max(1, sum(len(unit.text) for unit in units))


#: Up to this length a name says nothing to a model that has never met it.
_ABBREVIATION = 6


def _fold(text: str) -> str:
    return _EDGE_SPACE.sub("", " ".join(fold_width(text).split()))


def _key(name: str) -> str:
    return _fold(name).translate(_HYPHENS)


def _is_whole(text: str, start: int, end: int) -> bool:
    def inside(left: str, right: str) -> bool:
        return left.isalnum() and right.isalnum() and not is_cjk(left + right)

    return not (start and inside(text[start - 1], text[start])) and not (
        end < len(text) and inside(text[end - 1], text[end])
    )


def _next_start(text: str, at: int) -> int:
    """Return the next place where a term may start: the next character of Chinese, or the next word."""
    at += 1
    while at < len(text) and text[at].isalnum() and text[at - 1].isalnum() and not is_cjk(text[at - 1 : at + 1]):
        at += 1
    return at


def _loose(text: str) -> list[Unit]:
    """Return the units of what the glossary does not know."""
    units = []
    for part in re.findall(rf"{_RUN.pattern}|{_WORD.pattern}", text):
        if is_cjk(part):
            units += [Unit(piece, "rest") for piece in cut_asking(part)]
        elif (word := part.strip(_PUNCTUATION)) and any(letter.isalnum() for letter in word):
            units.append(Unit(word, "asking" if is_asking(word) else "word"))
    return units


def searched_units(units: Iterable[Unit]) -> tuple[Unit, ...]:
    """Return the units that say what is looked for; where all only ask, those that are not mere function words."""
    units = tuple(units)
    return (
        tuple(unit for unit in units if unit.kind != "asking")
        or tuple(unit for unit in units if unit.text not in STOP_WORDS)
        or units
    )
