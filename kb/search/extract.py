"""The passage of a text that answers a query, with its words marked. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.chinese import CJK, is_cjk, to_simplified
from kb.search.tokens import STOP_WORDS
from kb.store.splitting import fold_width

START, END = "\x02", "\x03"
_TOKEN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")
_FIRST_CJK = re.compile(f"[{CJK}]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: Endings of English words, the longer ones first: what is left stands for the word, as in the full-text index.
_ENDINGS = (
    *("izations", "isations", "ization", "isation", "ational", "ations", "ation", "ments", "ment", "ness"),
    *(
        "ities",
        "ity",
        "ized",
        "ised",
        "izes",
        "ises",
        "izing",
        "ising",
        "ively",
        "ives",
        "ive",
        "ise",
        "ize",
        "ically",
        "ical",
    ),
    *("ally", "als", "al", "ers", "er", "ings", "ing", "ies", "ied", "ed", "es", "ly", "s", "e", "y"),
)
_LEAST_STEM = 3


@dataclass(frozen=True, slots=True)
class Marker:
    """What is marked: stems of English words, and runs of Chinese as they are."""

    stems: frozenset[str]
    runs: tuple[str, ...]
    pattern: re.Pattern[str]
    """Finds the runs, and words that begin like a stem: few enough to be looked at one by one."""

    def spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Give (start, end, what was asked for) of each place that is marked, in order, without overlap."""
        lower = text.lower()
        # One letter of Turkish grows in lower case and would shift all places behind it.
        for match in self.pattern.finditer(to_simplified(lower if len(lower) == len(text) else text)):
            if match.lastgroup == "run":
                yield match.start(), match.end(), match[0]
            # Chinese may follow a word without a space.
            elif (root := stem(word := _FIRST_CJK.split(match[0])[0])) in self.stems:
                yield match.start(), match.start() + len(word), root

    def found_in(self, text: str) -> set[str]:
        return {what for _, _, what in self.spans(text)}


def make_marker(words: Iterable[str]) -> Marker:
    """Return a marker for the words of some texts, stop words left out."""
    tokens = {token for text in words for token in _TOKEN.findall(fold_width(text))}
    runs = sorted((token for token in tokens if is_cjk(token)), key=lambda run: (-len(run), run))
    latin = tokens.difference(runs)
    stems = frozenset(stem(word) for word in (latin - STOP_WORDS or latin))
    either = [rf"(?P<run>{'|'.join(runs)})"] if runs else []
    if stems:
        either.append(rf"(?<![0-9a-z])(?:{'|'.join(sorted(map(re.escape, stems)))})\w*")
    return Marker(stems, tuple(runs), re.compile("|".join(either) or r"(?!)"))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return a word without accents and its commonest English endings.

    Examples
    --------
    >>> stem("Normalisation") == stem("normalised") == stem("normalising")
    True
    """
    plain = unicodedata.normalize("NFKD", word).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    for ending in _ENDINGS:
        if plain.endswith(ending) and len(plain) - len(ending) >= _LEAST_STEM:
            return plain.removesuffix(ending)
    return plain


def cut_extract(body: str, marker: Marker, width: int = 260) -> str:
    """Return the passage of about ``width`` characters that holds most of the words, marked.

    A word stands between U+0002 and U+0003; other control characters of the text are dropped. Where the passage
    neither begins nor ends with the text, an ellipsis says so.
    """
    sentences = [one for part in _SENTENCE.split(_CONTROL.sub("", body)) if (one := " ".join(part.split()))]
    if not sentences:
        return ""
    first = _best_start(sentences, marker, width)
    chosen = [sentences[first]]
    last = first + 1
    while last < len(sentences) and sum(map(len, chosen)) + len(sentences[last]) < width:
        chosen.append(sentences[last])
        last += 1
    passage, cut_left, cut_right = _cut_long(" ".join(chosen), marker, width)
    before = "… " if first or cut_left else ""
    return before + mark(passage, marker) + (" …" if last < len(sentences) or cut_right else "")


def mark(text: str, marker: Marker) -> str:
    """Return a text with its marked words between U+0002 and U+0003."""
    parts, at = [], 0
    for start, end, _ in marker.spans(text):
        parts += [text[at:start], START, text[start:end], END]
        at = end
    return "".join([*parts, text[at:]])


class Matcher:
    """Tells which phrases stand in a text; the marker is made of all of them."""

    def __init__(self, text: str, marker: Marker) -> None:
        self._folded, self._found = fold_width(text), marker.found_in(text)

    def holds(self, words: str) -> bool:
        """Tell whether every word that is no stop word stands in the text, in some form."""
        tokens = _telling_tokens(words)
        return bool(tokens) and all(
            one in self._folded if is_cjk(one) else stem(one) in self._found for one in tokens
        )


@lru_cache(maxsize=5_000)
def _telling_tokens(words: str) -> tuple[str, ...]:
    return tuple(token for token in _TOKEN.findall(fold_width(words)) if token not in STOP_WORDS)


def _best_start(sentences: Sequence[str], marker: Marker, width: int) -> int:
    """Return the sentence from which a passage holds most different words; the earliest of equals."""
    found = [marker.found_in(sentence) for sentence in sentences]
    counts = []
    for first in range(len(sentences)):
        seen, length = set(found[first]), len(sentences[first])
        for sentence, words in zip(sentences[first + 1 :], found[first + 1 :], strict=True):
            length += len(sentence)
            if length >= width:
                break
            seen |= words
        # A passage that only gains its words in a later sentence had better begin there.
        counts.append((len(seen), bool(found[first])))
    return max(range(len(counts)), key=lambda i: (*counts[i], -i))


def _cut_long(passage: str, marker: Marker, width: int) -> tuple[str, bool, bool]:
    """Shorten one long sentence around its first marked word; tell on which sides something was cut."""
    if len(passage) <= width * 1.5:
        return passage, False, False
    first = next((start for start, _, _ in marker.spans(passage)), 0)
    start = 0 if first < width // 2 else passage.find(" ", first - width // 3) + 1
    end = passage.rfind(" ", start, start + width)
    end = end if end > start else start + width
    return passage[start:end], start > 0, end < len(passage)
