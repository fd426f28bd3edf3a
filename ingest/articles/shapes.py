"""What the spelling of a name tells: whether it is a proper name, and whether it can mean something else. Pure."""

import re
from typing import Literal

from ingest.articles.words import Word, fold, fold_word, split_words
from kb.chinese import is_cjk

Shape = Literal["camel", "short", "capital", ""]

#: Letters and figures as no word has them: RMSNorm, LLaMA, ELECTRA, GPT-2, S4, word2vec, 盘古π, Pre-LN, GPT-J.
_CAMEL = re.compile(
    r"[a-z][A-Z]|[A-Z]{2,}(?!s\b)[a-z]|[A-Z]{5,}|[\u0370-\u03ff]|[A-Z][A-Za-z]*[- ]?\d|[a-z]+\d[a-z]+"
    r"|[A-Z]{2,}s?-[A-Za-z]|-[A-Z]{2,}|\b[A-Z]-[A-Z]|-[A-Z]\b"
)
_SHORT_FORM = re.compile(r"(?<![A-Za-z])[A-Z]{2,4}s?(?![A-Za-z])")
_CAPITAL = re.compile(r"(?<![A-Za-z])[A-Z][a-z]")
#: Up to so many letters and figures a name means other things as well.
_SHORTEST = 3
#: From so many letters on a name is not written alike by chance: which of them are capitals, authors disagree.
_LONG = 5


def tell_shape(name: str, *, is_heading: bool = False) -> Shape:
    """Tell by its letters whether a text is a proper name: one like no other word, an abbreviation, a mere capital.

    Parameters
    ----------
    is_heading : whether a capital at its very beginning says nothing

    Examples
    --------
    >>> [tell_shape(name) for name in ("RMSNorm", "LSTM", "Hopfield net", "linear attention")]
    ['camel', 'short', 'capital', '']
    """
    plain = fold(name)
    if _CAMEL.search(plain):
        return "camel"
    if _SHORT_FORM.search(plain):
        return "short"
    return "capital" if _CAPITAL.search(plain, 1 if is_heading else 0) else ""


def is_short(name: str) -> bool:
    """Tell whether a name has so few letters that it means other things as well; a Greek one stands for itself."""
    plain = fold(name)
    return not is_cjk(plain) and plain.isascii() and sum(letter.isalnum() for letter in plain) <= _SHORTEST


def spell(name: str) -> tuple[str, ...]:
    """Return the words of a name as they are written, in simplified characters."""
    return tuple(word.text for word in split_words(fold(name)))


def fold_phrase(text: str) -> str:
    """Return a text in the form in which ``holds`` looks for it: lower case, one space between any two words.

    Examples
    --------
    >>> fold_phrase("Pre-LN，層歸一化")
    ' pre ln 层归一化 '
    """
    pieces: list[str] = []
    words = split_words(fold(text))
    for place, word in enumerate(words):
        joined = place and is_cjk(word.text) and is_cjk(words[place - 1].text) and words[place - 1].end == word.start
        pieces.append(word.folded if joined else f" {word.folded}")
    return f"{''.join(pieces)} "


def holds(folded: str, phrase: str) -> bool:
    """Tell whether a folded text holds a folded phrase: Chinese anywhere, English from the beginning of a word."""
    return (phrase.strip() if is_cjk(phrase) else phrase.rstrip()) in folded


def is_spelt(word: Word, name: str, *, is_last: bool) -> bool:
    """Tell whether a word of a text is a word of a name.

    Capitals count, but for names of several capitals that are long enough ("ULMFit" is ULMFiT, "residual" is not
    ResiDual). The last word may have the plural's s.
    """
    text = word.text
    if text == name or (is_last and name.isalpha() and name.isascii() and text == f"{name}s"):
        return True
    if fold_word(text) != fold_word(name):
        return False
    if not name.isascii() or not text.isascii():
        return True
    capitals = sum(letter.isupper() for letter in text)
    return name.islower() or (len(name) >= _LONG and capitals >= 2 and not text.isupper() and not name.istitle())
