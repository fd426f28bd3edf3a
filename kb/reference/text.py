"""The small text on which objectives run: its words and their numbers.

``text.txt`` was written for this project: little stories whose people, places and rules come back, in few words, so
that a model small enough for a test has something to learn.
"""

import re
from collections import Counter
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("text.txt")
MASK, OTHER = "<mask>", "<other>"
"""The first two words of every vocabulary: one that never stands in the text, one for words beyond the vocabulary."""


@cache
def read_words() -> tuple[str, ...]:
    """Return the words of the text in their order, lower-cased; a punctuation mark is a word of its own."""
    return tuple(re.findall(r"[a-z]+|[^\sa-z]", FILE.read_text(encoding="utf-8").lower()))


@cache
def build_vocabulary(size: int) -> tuple[str, ...]:
    """Return at most ``size`` words: MASK, OTHER, then those of the text by falling frequency, equals by alphabet."""
    counts = Counter(read_words())
    return (MASK, OTHER, *sorted(counts, key=lambda word: (-counts[word], word)))[:size]


@cache
def number_words(size: int) -> tuple[int, ...]:
    """Return the number of every word of the text in the vocabulary of that size."""
    places = {word: place for place, word in enumerate(build_vocabulary(size))}
    return tuple(places.get(word, min(1, size - 1)) for word in read_words())
