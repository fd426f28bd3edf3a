"""What the papers of a library are called: identifiers, titles in two languages, and names of models. Pure.

A name is what stands before the colon of a title ("RWKV: Reinventing RNNs ..."), the whole title of a work that has
no more, or a name of the idea that a paper introduced. Only proper names count: "RMSNorm" and "Hopfield net" name a
paper, "linear attention" is an idea that many papers speak of.
"""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ingest.articles.shapes import fold_phrase, is_short, spell, tell_shape
from ingest.articles.words import fold_word, fold_words
from kb.chinese import is_cjk
from kb.records import Concept, Paper

_COLON = re.compile(r"[:：]\s+|：|\s+[–—-]\s+")
_REPORT = re.compile(r"\s+(?:technical|tech) report$", re.IGNORECASE)
_SIZE = re.compile(r"[\s-]+\d+(?:\.\d+)?[BM]$")
_APPOSED = re.compile(r"^([\w-]+), (?:an? |the )")
_IN_BRACKETS = re.compile(r"\(([\w+-]{2,12})\)$")
_LOWER_WORD = re.compile(r"\b[a-z]{4,}\b")
#: A name has at most so many words, and a title or a part of it at least so many.
_LONGEST_NAME, _LEAST_TITLE = 4, 3
#: A plain word that is a name has at least so many letters.
_LEAST_PLAIN = 5
#: How surely the names of an idea stand for the paper that introduced it, and a paper's own names for it.
_OF_IDEA = {"camel": 0.7, "short": 0.5, "capital": 0.5}
_OWN, _OWN_PLAIN, _SHARED, _LEAST = 0.8, 0.4, 0.2, 0.3


@dataclass(frozen=True, slots=True)
class Name:
    """A name by which a paper goes."""

    words: tuple[str, ...]
    """As they are written, capitals kept."""
    key: str
    confidence: float
    concept: str = ""
    """Slug of the idea that bears the name, empty where the paper itself does."""
    is_ambiguous: bool = False
    """Whether it counts only beside a word that settles it."""


@dataclass(frozen=True, slots=True)
class Title:
    """A title or a part of one."""

    words: tuple[str, ...]
    key: str
    part: str
    """``whole``, ``subtitle`` (what stands behind the colon) or ``head`` (what stands before it)."""
    year: int | None = None


@dataclass(slots=True)
class PaperIndex:
    """Identifiers, titles and names of papers, to be looked up in running text; made by ``build``."""

    keys: dict[str, str] = field(default_factory=dict)
    """Any identifier of a paper to its key."""
    schemes: dict[str, frozenset[str]] = field(default_factory=dict)
    """A paper's key to the kinds of identifiers that are known of it."""
    titles: dict[tuple[str, ...], Title] = field(default_factory=dict)
    openings: dict[tuple[str, ...], list[Title]] = field(default_factory=dict)
    """Whole titles by their first words."""
    by_word: dict[str, list[Title]] = field(default_factory=dict)
    """Titles and subtitles by each word in them."""
    names: dict[tuple[str, ...], list[Name]] = field(default_factory=dict)
    """By their words in folded form, the surest first."""
    lengths: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """How many words the names have that begin with a word, the most first."""
    sure_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """An idea's slug to those of its names that mean nothing else, folded."""
    contexts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """An idea's slug to the words that settle its ambiguous names, folded."""

    @classmethod
    def build(cls, papers: Iterable[Paper], concepts: Iterable[Concept]) -> "PaperIndex":
        """Return the index of a library.

        Of two papers with one title or name the earlier counts, a work that came without a paper first of all; a
        concept's name counts before a title's.

        Parameters
        ----------
        concepts : their names stand for the papers that introduced them, if those are among ``papers``
        """
        index, works = cls(), sorted(papers, key=lambda one: (one.kind == "paper", one.year or 9999, one.key))
        for paper in works:
            index.keys.setdefault(paper.key, paper.key)
            index.schemes[paper.key] = frozenset({paper.key.partition(":")[0], *paper.ids})
            for scheme, value in paper.ids.items():
                index.keys.setdefault(f"{scheme}:{value}", paper.key)
            for title in _list_titles(paper):
                index._add_title(title)
        names: dict[tuple[str, ...], Name] = {}
        ideas = sorted(concepts, key=lambda one: one.slug)
        things = {one.key for one in works if one.kind != "paper"}
        for name in (*index._list_concept_names(ideas), *_list_own_names(works, ideas)):
            _add_name(names, name, things)
        for name in sorted(names.values(), key=lambda one: (-one.confidence, one.words)):
            words = tuple(map(fold_word, name.words))
            index.names.setdefault(words, []).append(name)
            lengths = {*index.lengths.get(words[0], ()), len(words)}
            index.lengths[words[0]] = tuple(sorted(lengths, reverse=True))
        return index

    def _add_title(self, title: Title) -> None:
        if self.titles.setdefault(title.words, title) is not title:
            return
        if title.part == "whole":
            self.openings.setdefault(title.words[:_LEAST_TITLE], []).append(title)
        for word in set(title.words):
            self.by_word.setdefault(word, []).append(title)

    def _list_concept_names(self, concepts: Sequence[Concept]) -> Iterator[Name]:
        for concept in concepts:
            called = [one for one in (concept.name, concept.name_zh, *concept.aliases) if one]
            sure = [one for one in called if one not in concept.ambiguous and not is_short(one)]
            self.sure_names[concept.slug] = tuple(map(fold_phrase, sure))
            self.contexts[concept.slug] = tuple(map(fold_phrase, concept.context))
            if (key := self.keys.get(concept.introduced_by)) is None:
                continue
            for one in called:
                # The name of an idea has a capital at its beginning, as headings have; other names only of their own.
                if shape := tell_shape(one, is_heading=one == concept.name):
                    words = spell(one)
                    ambiguous = is_short(one) or (one in concept.ambiguous and shape != "camel")
                    yield Name(words, key, _OF_IDEA[shape], concept.slug, ambiguous)


def _list_titles(paper: Paper) -> Iterator[Title]:
    """Give a paper's titles and the parts of them that are told from other titles."""
    for text in (paper.title, paper.title_zh):
        whole = fold_words(text)
        if not whole:
            continue
        yield Title(whole, paper.key, "whole", paper.year)
        head, colon, tail = _cut(text)
        least = _LEAST_TITLE * 2 if is_cjk(text) else _LEAST_TITLE
        if colon and len(words := fold_words(tail)) >= least:
            yield Title(words, paper.key, "subtitle", paper.year)
        if colon and len(words := fold_words(head)) >= least:
            yield Title(words, paper.key, "head", paper.year)


def _list_own_names(papers: Sequence[Paper], concepts: Sequence[Concept]) -> Iterator[Name]:
    """Give names that papers bear in their titles; one that the library also writes in lower case is a word, too."""
    texts = [text for paper in papers for text in (paper.abstract, paper.summary)]
    used = {word for text in (*texts, *(one.definition for one in concepts)) for word in _LOWER_WORD.findall(text)}
    for paper in papers:
        for text in dict.fromkeys(_list_heads(paper)):
            words, shape = spell(text), tell_shape(text, is_heading=True)
            if not 1 <= len(words) <= _LONGEST_NAME or paper.title.isupper():
                continue
            is_word = text.lower() in used
            if shape == "camel" or (shape == "short" and " " not in text):
                yield Name(words, paper.key, _OWN, is_ambiguous=is_short(text) or (is_word and text.isupper()))
            elif len(words) == 1 and len(text) >= _LEAST_PLAIN and text.istitle() and text.isascii() and not is_word:
                yield Name(words, paper.key, _OWN_PLAIN)


def _list_heads(paper: Paper) -> Iterator[str]:
    """Give what readers call a paper, and what may be a name in its title."""
    yield from paper.known_as
    head, colon, _ = _cut(paper.title)
    if colon or paper.kind != "paper" or _SIZE.search(head):
        yield from (head, _SIZE.sub("", head))
    if _REPORT.search(head):
        yield _REPORT.sub("", head)
    yield from (found[1] for pattern in (_APPOSED, _IN_BRACKETS) if (found := pattern.search(head)))


def _cut(title: str) -> tuple[str, str, str]:
    """Return what stands before the first colon of a title, the colon, and what stands behind it."""
    found = _COLON.search(title)
    return (title[: found.start()].strip(), found[0], title[found.end() :]) if found else (title, "", "")


def _add_name(names: dict[tuple[str, ...], Name], name: Name, things: Container[str]) -> None:
    """Add a name, or what it says more of one that is there; one that two papers bear is less sure."""
    known = names.setdefault(name.words, name)
    if known.key == name.key:
        # A name that a paper bears in its title is told from words by its capitals, if it is none itself.
        is_ambiguous = known.is_ambiguous and (name.is_ambiguous or name.confidence < _OWN)
        confidence = max(known.confidence, name.confidence)
        names[name.words] = replace(known, confidence=confidence, is_ambiguous=is_ambiguous)
    elif not known.concept and known.key not in things:
        names[name.words] = replace(known, confidence=round(max(_LEAST, known.confidence - _SHARED), 2))
