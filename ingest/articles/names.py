"""Where a text names a paper by the name of its model or method. Pure.

The longest name that begins at a place wins. In Latin letters a name is made of whole words, between which a space, a
hyphen or nothing may stand ("GPT-2", "GPT 2", "GPT -2"); in Chinese it stands anywhere. A name with another number
behind it is another model's.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.articles.index import Name, PaperIndex
from ingest.articles.shapes import fold_phrase, holds, is_spelt
from ingest.articles.words import Paragraph, Word
from kb.chinese import is_cjk

_GAP = re.compile(r"[ \t]?[-‐‑–—_·]?[ \t]?")
#: Behind a name: the number of another version, but no size ("RWKV-7B") and no figure of the sentence.
_VERSION = re.compile(
    r"(?:\s?[-–]\s?\d{1,2}|\d{1,2}|\s\d(?=$|[\s,，。;；:：)）、]))(?:\.\d+)?(?![\d.]*\s?[BMKbmk]\b|[\d万亿])"
)
_MORE_FIGURES = re.compile(r"\.\d|[A-Za-z]")
_COMPOUND = re.compile(r"-[A-Z](?!(?:ase|arge|mall|iny|ini|edium|uge|ike|tyle|XL|L)\b)[A-Za-z]")
_PARTNER = re.compile(r"(?<![A-Za-z])[A-Z][A-Za-z]*-$")
_MODEL_WORD = re.compile(
    r"模型|论文|架构|网络|算法|语言|注意力|训练|\b(?:models?|papers?|architectures?|networks?|layers?|attention|training|trained"
    r"|transformers?|arxiv|et al)\b",
    re.IGNORECASE,
)
#: What is left of a name's confidence where it is part of another one, or has to be settled.
_IN_COMPOUND, _SETTLED = 0.4, 0.5
#: A list of versions has no more members than this.
_LONGEST_LIST = 9
#: Within so many characters a word such as "model" speaks of the name.
_NEAR = 24


@dataclass(frozen=True, slots=True)
class Named:
    """A place of a text that holds a name."""

    start: int
    end: int
    named: str
    """The words of the text; they begin before ``start`` where names share them, as in "GPT-2/3"."""
    key: str
    confidence: float


def list_named(paragraph: Paragraph, index: PaperIndex, holds_elsewhere: Callable[[str], bool]) -> Iterator[Named]:
    """Give the places of a paragraph that name papers, in order, without overlap.

    Parameters
    ----------
    holds_elsewhere : tells whether the article holds a folded phrase anywhere; a name with other meanings is settled
        by a word of its context in the same paragraph, or by another name of the same idea anywhere
    """
    text, folded, words = paragraph.text, paragraph.folded, paragraph.words
    settled: dict[Name, bool] = {}
    place = 0
    while place < len(words):
        name = _match(paragraph, place, index)
        if name is None:
            yield from _list_versions(paragraph, place, index)
            place += 1
            continue
        start, end = words[place].start, words[place + len(name.words) - 1].end
        if name.is_ambiguous and name.concept and name not in settled:
            settled[name] = _is_settled(name, fold_phrase(text), index, holds_elsewhere)
        if not name.is_ambiguous or settled.get(name, False) or _is_called_model(name, folded, start, end):
            yield Named(start, end, text[start:end], name.key, _rate(name, folded, start, end))
        place += len(name.words)


def _match(paragraph: Paragraph, place: int, index: PaperIndex) -> Name | None:
    """Return the longest name that begins here."""
    keys = paragraph.keys
    # A plural is another word, and it may be the first one of other names.
    singular = keys[place].removesuffix("s")
    lengths = index.lengths.get(keys[place], ())
    if singular != keys[place] and 1 in index.lengths.get(singular, ()) and 1 not in lengths:
        lengths = (*lengths, 1)
    for length in lengths:
        key = keys[place : place + length]
        for names in (index.names.get(key, ()), index.names.get((*key[:-1], key[-1].removesuffix("s")), ())):
            for name in names:
                if _is_here(paragraph, place, name.words):
                    return name
    return None


def _is_here(paragraph: Paragraph, place: int, name: tuple[str, ...]) -> bool:
    text = paragraph.folded
    found = paragraph.words[place : place + len(name)]
    if len(found) < len(name):
        return False
    for i, (word, wanted) in enumerate(zip(found, name, strict=True)):
        if not is_spelt(word, wanted, is_last=i == len(name) - 1):
            return False
        if i and not _is_joined(found[i - 1], word, text):
            return False
    # A Greek letter is written out in names ("PanGu-pi"), but by itself it is a symbol.
    if len(name) == 1 and found[0].text.isascii() != name[0].isascii():
        return False
    end = found[-1].end
    if name[-1].isdecimal():
        return not _MORE_FIGURES.match(text, end)
    return is_cjk(name[-1]) or not _VERSION.match(text, end)


def _is_joined(left: Word, right: Word, text: str) -> bool:
    between = text[left.end : right.start]
    return between == "" if is_cjk(left.text) and is_cjk(right.text) else bool(_GAP.fullmatch(between))


def _list_versions(paragraph: Paragraph, place: int, index: PaperIndex) -> Iterator[Named]:
    """Give a later member of a list of versions: the 3 and the 4 of "GPT-2/3/4", at the place of the number."""
    text, words, keys, first = paragraph.text, paragraph.words, paragraph.keys, place
    while first > max(0, place - _LONGEST_LIST) and text[words[first - 1].end : words[first].start] == "/":
        first -= 1
    if first == place or not all(key.isdecimal() for key in keys[first : place + 1]):
        return
    for length in (1, 2):
        stem = words[max(0, first - length) : first]
        for name in index.names.get((*keys[max(0, first - length) : first], keys[place]), ()):
            if all(is_spelt(word, wanted, is_last=False) for word, wanted in zip(stem, name.words, strict=False)):
                number = words[place]
                yield Named(number.start, number.end, text[stem[0].start : number.end], name.key, name.confidence)
                return


def _is_settled(name: Name, phrase: str, index: PaperIndex, holds_elsewhere: Callable[[str], bool]) -> bool:
    """Tell whether an idea's ambiguous name means that idea in a paragraph."""
    return any(holds(phrase, word) for word in index.contexts[name.concept]) or any(
        holds_elsewhere(word) for word in index.sure_names[name.concept]
    )


def _is_called_model(name: Name, text: str, start: int, end: int) -> bool:
    """Tell whether a word such as "model" stands beside a paper's own name."""
    return not name.concept and bool(_MODEL_WORD.search(text, max(0, start - _NEAR), end + _NEAR))


def _rate(name: Name, text: str, start: int, end: int) -> float:
    confidence = min(name.confidence, _SETTLED) if name.is_ambiguous else name.confidence
    if confidence < _SETTLED and _is_called_model(name, text, start, end):
        confidence = _SETTLED
    in_compound = _COMPOUND.match(text, end) or _PARTNER.search(text, max(0, start - 40), start)
    return min(confidence, _IN_COMPOUND) if in_compound else confidence
