"""Find which ideas a text speaks of, by their names in English and Chinese. Pure.

The longest name that begins at a place wins, and what lies within it is not looked at again: "multi-head attention"
is no mention of attention. English names stand between word boundaries; hyphens, spaces and words written as one, the
endings -ise and -ize, singular and plural count as one. Chinese names stand anywhere, in either script. A short
abbreviation keeps its capitals ("RoPE" is no rope). A name that also means other things counts only where the text
holds a word that settles it, or another name of the same idea. Names of things that are no idea here but contain the
name of one are passed over whole.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kb.chinese import CJK, is_cjk, to_simplified
from kb.records import Concept, Tag, Term
from kb.search.spellings import NO_IDEA, unite_spellings

#: To be raised when the rules change: libraries are then tagged anew.
RULES = 3
#: Up to this length a Latin name is taken for ambiguous whether or not its record says so.
_SHORT = 2
#: Up to this length an abbreviation may be an everyday word, and its capitals tell.
_CAPITALS_TELL = 5
_GAP = re.compile(r"[\s\-_/‐‑–—]+")
_EDGE_SPACE = re.compile(rf"(?<=[{CJK}]) | (?=[{CJK}])")
_LATIN_HYPHEN = re.compile(r"(?<=[A-Za-z])-(?=[A-Za-z])")
_ISE = re.compile(r"(?<=[a-z]{4})is(?=(?:e|ed|es|er|ers|ing|ation|ations)\b)")


@dataclass(frozen=True, slots=True)
class _Name:
    """One way of naming an idea, or of naming none: then ``slug`` is empty."""

    slug: str
    ambiguous: bool
    abbreviations: tuple[int, ...]
    """Which of its words are written with capitals, by their place: short ones, and CamelCase if ambiguous."""


class Tagger:
    """The names of all ideas, to be found in running text.

    Parameters
    ----------
    glossary : a term that is the name of an idea lends it its Chinese words, unless they name another one
    """

    def __init__(self, concepts: Iterable[Concept], glossary: Iterable[Term] = ()) -> None:
        self._names: dict[str, _Name] = {}
        self._context: dict[str, tuple[str, ...]] = {}
        self._longest: dict[str, int] = {}
        told = [str(RULES)]
        concepts = sorted(concepts, key=lambda one: one.slug)
        for concept in concepts:
            names = [name for name in (concept.name, concept.name_zh, *concept.aliases) if name]
            told += [concept.slug, *names, "", *concept.ambiguous, "", *concept.context]
            self._context[concept.slug] = tuple(_fold(_spell(word)) for word in concept.context)
            for name in names:
                self._add(concept.slug, _spell(name), name in concept.ambiguous)
        # What nobody wrote down as a name comes second: it takes no name away from an idea that has it.
        for concept in concepts:
            for name in (concept.name, concept.name_zh, *concept.aliases):
                for spelling in _joined(name):
                    self._add(concept.slug, _spell(spelling), name in concept.ambiguous)
        for name in NO_IDEA:
            self._add("", _spell(name), False)
        for term in sorted(glossary, key=lambda one: one.en):
            known = self._names.get(_fold(_spell(term.en)))
            if known and known.slug and _has_capitals(known, _spell(term.en)):
                told += [term.en, *term.zh]
                for word in term.zh:
                    self._add(known.slug, _spell(word), known.ambiguous)
        self.fingerprint = hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]

    def tag(self, title: str, body: str = "") -> tuple[Tag, ...]:
        """Return the ideas that a text speaks of: those of its title first, then the most frequent, ties by slug.

        Examples
        --------
        >>> gru = Concept("gru", "Gated recurrent unit", "recurrence", "", aliases=("GRU", "门控循环单元"))
        >>> [(tag.slug, tag.count, tag.named) for tag in Tagger([gru]).tag("門控循環單元", "GRUs are gated.")]
        [('gru', 2, ('门控循环单元', 'GRUs'))]
        """
        title, body = _spell(title), _spell(body)
        places = [(name, text, True) for name, text in self._find(title) if name.slug]
        places += [(name, text, False) for name, text in self._find(body) if name.slug]
        sure = {name.slug for name, _, _ in places if not name.ambiguous}
        whole = f" {_fold(title)} {_fold(body)} "
        settled = sure | {slug for slug in {name.slug for name, _, _ in places} - sure if self._holds(whole, slug)}
        tags = [
            Tag(
                slug,
                count=sum(name.slug == slug for name, _, _ in places),
                in_title=any(name.slug == slug and first for name, _, first in places),
                named=tuple(dict.fromkeys(text for name, text, _ in places if name.slug == slug)),
            )
            for slug in settled
        ]
        return tuple(sorted(tags, key=lambda tag: (not tag.in_title, -tag.count, tag.slug)))

    def _add(self, slug: str, name: str, ambiguous: bool) -> None:
        words = enumerate(name.split(" "))
        capitals = tuple(i for i, word in words if _is_abbreviation(word) or (ambiguous and _capitals(word) > 1))
        key = _fold(name)
        one = _Name(slug, ambiguous or (not is_cjk(name) and len(key) <= _SHORT), capitals)
        for form in _numbers(key):
            self._names.setdefault(form, one)
            self._longest[form[:2]] = max(self._longest.get(form[:2], 0), len(form))

    def _find(self, text: str) -> Iterator[tuple[_Name, str]]:
        folded = _fold(text)
        at = 0
        while at < len(folded):
            found = self._match(folded, text, at)
            if found:
                name, end = found
                yield name, text[at:end]
                at = end
            else:
                at = _next_start(folded, at)

    def _match(self, folded: str, text: str, at: int) -> tuple[_Name, int] | None:
        """Return the longest name that begins here, and where it ends."""
        for end in range(min(len(folded), at + self._longest.get(folded[at : at + 2], 0)), at, -1):
            name = self._names.get(folded[at:end])
            if name and _is_whole(folded, at, end) and _has_capitals(name, text[at:end]):
                return name, end
        return None

    def _holds(self, whole: str, slug: str) -> bool:
        """Tell whether a folded text holds a word that settles what an ambiguous name of this idea means."""
        return any(_begins(whole, word) for word in self._context[slug])


def _spell(text: str) -> str:
    """Return text in one spelling: plain forms, one kind of Chinese, one space for any gap; case is kept."""
    plain = to_simplified(unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8")))
    if is_cjk(plain):
        plain = unite_spellings(plain)
    return _EDGE_SPACE.sub("", _GAP.sub(" ", plain).strip())


def _fold(spelt: str) -> str:
    """Return a spelling without case and with -ize, of the same length."""
    lower = spelt.lower()
    if len(lower) != len(spelt):
        # One letter of Turkish grows in lower case and would shift all places behind it.
        lower = "".join(low if len(low := letter.lower()) == 1 else letter for letter in spelt)
    return _ISE.sub("iz", lower)


def _joined(name: str) -> tuple[str, ...]:
    """Return a name with some of its Latin hyphens left out, in every choice: back-propagation, backpropagation."""
    first, *rest = _LATIN_HYPHEN.split(name)
    spellings = [first]
    for part in rest:
        spellings = [f"{start}{hyphen}{part}" for start in spellings for hyphen in ("-", "")]
    return tuple(spelling for spelling in spellings if spelling != name)


def _numbers(key: str) -> tuple[str, ...]:
    """Return the singular and the plural of a name; of what ends in Chinese only itself."""
    if is_cjk(key[-1]):
        return (key,)
    if key.endswith("s") and not key.endswith(("ss", "us", "is")) and len(key) > _CAPITALS_TELL:
        return (key, key[:-1])
    return (key, f"{key}s")


def _is_abbreviation(word: str) -> bool:
    letters = [letter for letter in word if letter.isascii() and letter.isalpha()]
    return len(letters) <= _CAPITALS_TELL and _capitals(word) > 1


def _has_capitals(name: _Name, text: str) -> bool:
    """Tell whether a name's abbreviations have capitals there; of which letters, authors disagree."""
    words = text.split(" ")
    return all(_capitals(words[place]) > 1 for place in name.abbreviations)


def _capitals(word: str) -> int:
    return sum(letter.isupper() for letter in word)


def _is_whole(text: str, start: int, end: int) -> bool:
    def inside(left: str, right: str) -> bool:
        return left.isalnum() and right.isalnum() and not is_cjk(left) and not is_cjk(right)

    return not (start and inside(text[start - 1], text[start])) and not (
        end < len(text) and inside(text[end - 1], text[end])
    )


def _begins(text: str, word: str) -> bool:
    """Tell whether a word of that beginning stands in a folded text; a Chinese one may stand within others."""
    at = text.find(word)
    while at > 0 and not is_cjk(text[at - 1]) and text[at - 1].isalnum() and not is_cjk(word[0]):
        at = text.find(word, at + 1)
    return at >= 0


def _next_start(text: str, at: int) -> int:
    """Return the next place where a name may begin: the next character of Chinese, or the next word."""
    at += 1
    while at < len(text) and not is_cjk(text[at]) and text[at].isalnum() and text[at - 1].isalnum():
        if is_cjk(text[at - 1]):
            break
        at += 1
    return at
