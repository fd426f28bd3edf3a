"""Text as words with their places, so that a title or a name is found however it is spelt between them. Pure.

Folding keeps the length: what is found at a place of the folded text stands there in the original.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from kb.chinese import CJK, to_simplified

_WORD = re.compile(rf"[A-Za-z\u00c0-\u024f]+|\d+|[\u0370-\u03ff]+|[{CJK}]")
_ASCII_WORD = re.compile(r"[A-Za-z]+|\d+")
#: Greek letters stand in names, and are written out as often as not.
_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "λ": "lambda", "μ": "mu", "π": "pi", "σ": "sigma"}


@dataclass(frozen=True, slots=True)
class Word:
    """A run of letters of one script, a number, or one Chinese character."""

    text: str
    start: int
    end: int

    @property
    def folded(self) -> str:
        return fold_word(self.text)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text, folded, and its words."""

    text: str
    folded: str
    words: tuple[Word, ...]
    keys: tuple[str, ...]
    """The words in folded form."""


def cut_paragraph(text: str) -> Paragraph:
    """Return a text with all that is looked for in it."""
    folded = fold(text)
    words = tuple(split_words(folded))
    return Paragraph(text, folded, words, tuple(word.folded for word in words))


def fold(text: str) -> str:
    """Return text of the same length in simplified characters, wide and styled letters as plain ones."""
    if text.isascii():
        return text
    return to_simplified("".join(map(_plain, text)))


def split_words(text: str) -> list[Word]:
    """Return the words of a text that was folded already.

    Examples
    --------
    >>> [word.text for word in split_words("盘古π and GPT-2")]
    ['盘', '古', 'π', 'and', 'GPT', '2']
    """
    pattern = _ASCII_WORD if text.isascii() else _WORD
    return [Word(found[0], found.start(), found.end()) for found in pattern.finditer(text)]


@lru_cache(maxsize=1 << 15)
def fold_word(word: str) -> str:
    """Return a word in lower case without accents, a Greek letter spelt out."""
    lower = word.lower()
    if lower.isascii():
        return lower
    decomposed = unicodedata.normalize("NFD", _GREEK.get(lower, lower))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def fold_words(text: str) -> tuple[str, ...]:
    """Return the words of any text in folded form: texts that differ in spelling only give the same.

    Examples
    --------
    >>> fold_words("PanGu-π: Enhancing") == fold_words("pangu pi enhancing")
    True
    """
    return tuple(word.folded for word in split_words(fold(text)))


@lru_cache(maxsize=1 << 13)
def _plain(letter: str) -> str:
    plain = unicodedata.normalize("NFKC", letter)
    return plain if len(plain) == 1 else letter
